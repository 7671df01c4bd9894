"""Rows that are taken out of training to be tested on, as a configuration asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cfmt.errors import ConfigError, DataError

if TYPE_CHECKING:
    from cfmt.config import DataConfig
    from cfmt.data import Table

__all__ = ["check_classes", "split_fold"]


def split_fold(config: DataConfig, train: Table) -> tuple[Table, tuple[Table, ...]]:
    """Take attack types or rows out of training, as a configuration asks for.

    Parameters
    ----------
    config : DataConfig
        Names split, fold and share.
    train : Table
        Training rows as published.

    Returns
    -------
    train : Table
        Rows to train on.
    tests : tuple of Table
        One table: the rows of the fold.

    Raises
    ------
    ConfigError
        If there are not as many folds of attack types.
    DataError
        If all training rows are of one class.

    Examples
    --------
    >>> from cfmt.config import DataConfig
    >>> from cfmt.data import load_synthetic, novel_rows
    >>> from cfmt.experiment.folding import split_fold
    >>> train, _ = load_synthetic(2000, 0, seed=0)
    >>> kept, (fold,) = split_fold(DataConfig(split="types", folds=2), train)
    >>> novel_rows(kept, fold).any().item(), novel_rows(train, fold).any().item()
    (True, False)
    """
    from cfmt.data.folds import leave_types_out, type_folds

    check_classes(train, config)
    if config.split == "order":
        n_kept = train.n_rows - round(config.fold_share * train.n_rows)
        kept, held = (train.take(np.arange(*ends)) for ends in ((0, n_kept), (n_kept, train.n_rows)))
        return kept, (replace(held, name=f"{train.name}, last rows", sources=()),)
    try:
        types = type_folds(train, config.folds)[config.fold] if config.split == "types" else ()
    except ValueError as error:
        raise ConfigError(f"data: {error}") from error
    seed = config.generator_seed + config.fold  # each fold its own rows, a random one above all
    kept, held = leave_types_out(train, share=config.fold_share, types=types, seed=seed)
    return kept, (held,)


def check_classes(train: Table, config: DataConfig) -> None:
    """Refuse rows in which there is nothing to tell apart, before a fold or a partition fails on them.

    Parameters
    ----------
    train : Table
        Training rows.
    config : DataConfig
        Names their source.

    Raises
    ------
    DataError
        If all rows are of one class.

    Examples
    --------
    >>> from cfmt.config import DataConfig
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.folding import check_classes
    >>> check_classes(load_synthetic(100, 0, seed=0)[0], DataConfig())
    """
    n_attacks = int(np.count_nonzero(train.is_attack))
    if 0 < n_attacks < len(train.is_attack):
        return
    held, lacked = ("attacks", "normal traffic") if n_attacks else ("normal traffic", "attacks")
    raise DataError(
        f"{config.source}: the training rows are {held} only; a detector learns from both, "
        f"so add rows of {lacked}"
    )
