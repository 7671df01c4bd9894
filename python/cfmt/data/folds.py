"""Validation rows that play the part of the test set: methods are tuned on them, never on the test files.

A random share of the training rows is too easy: it holds nothing but attack types that training has, and
anything reaches an ROC-AUC above 0.99 on it. The test file has attack types of its own, so whole types of the
training file are taken out of training as a stand-in for those.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cfmt.data import Table
from cfmt.partition import split_validation
from cfmt.ragged import Ragged
from cfmt.streams import generator

__all__ = ["leave_types_out", "type_folds"]

MOST_OF_A_TYPE = 1000
"""Rows of a left-out type at most: else one type, neptune, would be four fifths of the attacks of a fold."""


def type_folds(train: Table, n_folds: int) -> tuple[tuple[str, ...], ...]:
    """Deal the attack types of a table out to folds, each of which is then left out of training in its turn.

    The types of a family go round the folds by falling number of rows, the next family going on where the
    last one ended. So a family of at least ``n_folds`` types is in every fold, the frequent types of two
    families in different ones, and every fold leaves training some types of a family with two or more.

    Parameters
    ----------
    train : Table
        Training rows.
    n_folds : int
        Folds, at least 2.

    Returns
    -------
    tuple of tuple of str
        Names of the attack types of each fold; together every attack type of the table, once.

    Raises
    ------
    ValueError
        If there is one fold, or more folds than attack types.
    """
    counts = np.bincount(train.attack_type[train.is_attack == 1], minlength=len(train.attack_types))
    present = np.flatnonzero(counts)
    if not 2 <= n_folds <= len(present):
        raise ValueError(f"folds must lie in 2..{len(present)}, the number of attack types, got {n_folds}")
    family_of = np.zeros(len(counts), np.int64)
    family_of[train.attack_type] = train.family
    dealt = sorted(present.tolist(), key=lambda code: (family_of[code], -counts[code], code))
    return tuple(tuple(train.attack_types[code] for code in dealt[fold::n_folds]) for fold in range(n_folds))


def leave_types_out(
    train: Table, *, share: float = 0.2, types: Collection[str] = (), seed: int
) -> tuple[Table, Table]:
    """Split training rows into rows to train on and rows that play the part of the test set.

    Parameters
    ----------
    train : Table
        Training rows.
    share : float, default=0.2
        Share of normal rows and of each attack type that stays that goes to the fold, in (0, 1); a type never
        loses its last row.
    types : collection of str, default=()
        Attack types that training loses altogether; none makes a random, in-distribution fold. At most
        ``MOST_OF_A_TYPE`` rows of each go to the fold, drawn at random; the others are dropped.
    seed : int
        Seed of the draws.

    Returns
    -------
    train, validation : Table
        Their rows are in the order of the table's.

    Raises
    ------
    ValueError
        If the share is out of range, or a type is unknown, normal, or without rows.
    """
    if not 0 < share < 1:
        raise ValueError(f"share must lie in (0, 1), got {share}")
    codes = _codes(train, types)
    is_taken = np.isin(train.attack_type, codes)
    staying = Ragged.from_sizes(np.flatnonzero(~is_taken), np.array([np.sum(~is_taken)]))
    kept, held = split_validation(staying, train.attack_type.astype(np.uint8), share, seed=seed)
    novel = [_sample(train, code, seed) for code in codes]
    rows = np.sort(np.concatenate([held.values, *novel]))
    name = (
        f"{train.name}, random fold"
        if len(codes) == 0
        else f"{train.name}, attack types left out of training"
    )
    return train.take(np.sort(kept.values)), replace(train.take(rows), name=name, sources=())


def _codes(train: Table, types: Collection[str]) -> npt.NDArray[np.int64]:
    """Look up the codes of attack types, in rising order; a name that the rows lack is refused."""
    attacks = np.unique(train.attack_type[train.is_attack == 1])
    known = {train.attack_types[code]: code for code in attacks}
    for name in types:
        if name not in known:
            raise ValueError(f"types must be attack types of the table ({', '.join(known)}), got {name!r}")
    return np.array(sorted(known[name] for name in types), dtype=np.int64)


def _sample(train: Table, code: int, seed: int) -> npt.NDArray[np.int64]:
    """Draw the rows of a type that go to the fold, in any order."""
    rows = np.flatnonzero(train.attack_type == code)
    # round 1, because the kernel's own streams of this purpose have round 0
    draws = generator(seed, "validation", round=1, item=int(code))
    return draws.choice(rows, min(len(rows), MOST_OF_A_TYPE), replace=False)
