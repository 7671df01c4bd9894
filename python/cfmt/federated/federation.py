"""The clients of a federation, their rows, and the test sets of the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cfmt.data import Table, novel_rows
from cfmt.partition import check_parts, split_validation
from cfmt.preprocessing import Preprocessor, fit_preprocessor
from cfmt.ragged import Ragged

__all__ = ["Federation", "TestSet"]


@dataclass(frozen=True, eq=False)
class TestSet:
    """Rows that the server holds for evaluation; nothing is ever chosen on them.

    Parameters
    ----------
    name : str
        Name of the test file.
    X : ndarray of shape (n_rows, n_features), float32
        Preprocessed features.
    is_attack : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal traffic.
    family : ndarray of shape (n_rows,), int64
        Codes into the federation's ``families``.
    attack_type : ndarray of shape (n_rows,), int64
        Codes into the ``attack_types`` of the test's own table; normal traffic has one too.
    is_known : ndarray of shape (n_rows,), bool
        Whether the row's attack type occurs in the training table; true for normal traffic.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.federated import Federation
    >>> from cfmt.partition import partition_iid
    >>> train, test = load_synthetic(300, 50, seed=0)
    >>> federation = Federation.build(train, (test,), partition_iid(300, 3, seed=0), seed=0)
    >>> federation.tests[0].X.shape, federation.tests[0].name
    ((50, 74), 'synthetic')
    """

    __test__ = False  # not a test, whatever pytest makes of the name

    name: str
    X: npt.NDArray[np.float32]
    is_attack: npt.NDArray[np.uint8]
    family: npt.NDArray[np.int64]
    attack_type: npt.NDArray[np.int64]
    is_known: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Federation:
    """Clients as ragged rows over one preprocessed table.

    The table keeps only rows that some client owns; a client costs a few bytes.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float32
        Preprocessed features of the clients' rows.
    is_attack : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal traffic.
    family : ndarray of shape (n_rows,), int64
        Codes into ``families``.
    families : tuple of str
        Names of the attack families, normal traffic first.
    train : Ragged of int64
        Each client's training rows.
    validation : Ragged of int64
        Each client's validation rows; a client too small for a share has none.
    tests : tuple of TestSet
        The server's test sets; the first is the main one.
    preprocessor : Preprocessor
        Fitted from sums, extremes and counts that the clients send over their training rows.
    name : str
        Name of the data set.
    synthetic : bool
        Whether the traffic is generated.
    attack_types : tuple of str, default=()
        Attack types among the clients' training rows.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.federated import Federation
    >>> from cfmt.partition import partition_iid
    >>> train, test = load_synthetic(300, 50, seed=0)
    >>> federation = Federation.build(train, (test,), partition_iid(300, 3, seed=0), seed=0)
    >>> federation.train.sizes, federation.validation.sizes
    (array([80, 80, 80]), array([20, 20, 20]))
    """

    X: npt.NDArray[np.float32]
    is_attack: npt.NDArray[np.uint8]
    family: npt.NDArray[np.int64]
    families: tuple[str, ...]
    train: Ragged[np.int64]
    validation: Ragged[np.int64]
    tests: tuple[TestSet, ...]
    preprocessor: Preprocessor
    name: str
    synthetic: bool
    attack_types: tuple[str, ...] = ()

    @classmethod
    def build(
        cls,
        train: Table,
        tests: tuple[Table, ...],
        parts: Ragged[np.int64],
        *,
        validation_share: float = 0.2,
        scaling: Literal["zscore", "quantile"] = "zscore",
        seed: int,
    ) -> Federation:
        """Split off validation rows, fit the preprocessing on the rest, and transform everything.

        Parameters
        ----------
        train : Table
            Training rows of all clients.
        tests : tuple of Table
            Test tables of the server.
        parts : Ragged of int64
            Each client's rows of ``train``.
        validation_share : float, default=0.2
            Share of a client's rows that it keeps for validation, by class; in [0, 1).
        scaling : {"zscore", "quantile"}, default="zscore"
            What numeric features become, as in :func:`cfmt.preprocessing.fit_preprocessor`.
        seed : int
            Seed of the run.

        Returns
        -------
        Federation

        Raises
        ------
        ValueError
            If the share is out of range, the scaling is unknown, or ``parts`` are not parts of
            ``train``'s rows.
        """
        check_parts(parts, train.n_rows)
        owned = np.zeros(train.n_rows, np.bool_)
        owned[parts.values] = True
        own = train.take(np.flatnonzero(owned))
        parts = parts.with_values((np.cumsum(owned, dtype=np.int64) - 1)[parts.values])
        fit_rows, validation = split_validation(parts, own.is_attack, validation_share, seed=seed)
        preprocessor = fit_preprocessor(own, fit_rows, scaling=scaling)
        return cls(
            X=preprocessor.transform(own),
            is_attack=own.is_attack,
            family=own.family,
            families=own.families,
            train=fit_rows,
            validation=validation,
            tests=tuple(_test_set(train, test, preprocessor) for test in tests),
            preprocessor=preprocessor,
            name=train.name,
            synthetic=train.synthetic,
            attack_types=_attack_types(own, fit_rows),
        )

    @property
    def n_clients(self) -> int:
        """Number of clients."""
        return self.train.n_clients

    @property
    def n_features(self) -> int:
        """Number of preprocessed features."""
        return int(self.X.shape[1])

    def class_counts(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Count each client's training rows by class.

        Returns
        -------
        n_attack, n_normal : ndarray of shape (n_clients,), int64
        """
        attack = self.train.count_flagged(self.is_attack[self.train.values] == 1)
        return attack, self.train.sizes - attack

    def notes(self) -> dict[str, int]:
        """Count the clients that are handled apart.

        Returns
        -------
        dict of str to int
            ``one_class``: clients whose training rows are of one class (no sampling takes place);
            ``empty``: clients without training rows; ``no_validation``: clients too small for a
            validation share (they count in training, not in rewards, accuracy or the threshold).
        """
        attack, normal = self.class_counts()
        return {
            "empty": int(np.sum(self.train.sizes == 0)),
            "one_class": int(np.sum((attack == 0) ^ (normal == 0))),
            "no_validation": int(np.sum(self.validation.sizes == 0)),
        }


def _attack_types(table: Table, rows: Ragged[np.int64]) -> tuple[str, ...]:
    """Name the attack types of some rows."""
    attacks = rows.values[table.is_attack[rows.values] == 1]
    return tuple(table.attack_types[code] for code in np.unique(table.attack_type[attacks]))


def _test_set(train: Table, test: Table, preprocessor: Preprocessor) -> TestSet:
    """Preprocess a test table, and mark the rows whose attack type occurs in training."""
    return TestSet(
        name=test.sources[0].name.removesuffix(".txt") if test.sources else test.name,
        X=preprocessor.transform(test),
        is_attack=test.is_attack,
        family=test.family,
        attack_type=test.attack_type,
        is_known=~novel_rows(train, test),
    )
