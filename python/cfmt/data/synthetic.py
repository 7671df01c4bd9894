"""Generated traffic with NSL-KDD's features, for tests and tours where the real files are not at hand.

Each family of traffic is a Gaussian copula: correlated normal scores, taken through marginals that have a
share of zeros and quantiles of the rest. All figures are counted in KDDTrain+ by
``scripts/synthetic_figures.py``. Known limits: given the family, the categorical features and the attack
type are drawn independently of the numbers, and correlations between mostly-zero columns come out weaker
than they are in the source. No result on this data says anything about a method.

References
----------
R. B. Nelsen, "An Introduction to Copulas", Springer 2006. The source is that of
:mod:`cfmt.data.nsl_kdd`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from importlib.resources import files
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cfmt.data.nsl_kdd_schema import FAMILIES, SCHEMA
from cfmt.data.schema import Source, Table
from cfmt.files import sha256_of
from cfmt.streams import generator

__all__ = ["NOVEL_SHARE", "NOVEL_TYPES", "NovelType", "load_synthetic"]

_FILE = "synthetic_figures.json"
_RIDGE = 0.02
"""Share of the identity in each correlation matrix: rounded figures of few rows stay positive definite."""

_Z = np.linspace(-8, 8, 4001)
_PHI = np.array([NormalDist().cdf(z) for z in _Z])


class NovelType(NamedTuple):
    """An attack type of the test part that training does not have.

    Parameters
    ----------
    name : str
        Its label.
    family : str
        The family that it belongs to, and whose copula it is drawn from.
    disguise : float
        Share of the numeric features that follow the marginals of normal traffic instead of the family's;
        the categorical features all do.
    """

    name: str
    family: str
    disguise: float


NOVEL_TYPES = (
    NovelType("synthetic-novel-1", "dos", 0.5),
    NovelType("synthetic-novel-2", "probe", 0.6),
    NovelType("synthetic-novel-3", "r2l", 0.7),
    NovelType("synthetic-novel-4", "u2r", 0.7),
)
NOVEL_SHARE = 0.3
"""Share of the novel types, equally frequent, among the attacks of the test part."""


class _Names(NamedTuple):
    """Words of the categorical features, names of the attack types, and the file of figures."""

    vocabularies: tuple[tuple[str, ...], ...]
    attack_types: tuple[str, ...]
    source: Source


@dataclass(frozen=True, eq=False)
class _Marginal:
    """Distribution of one numeric feature: a share of zeros, and quantiles of the rest."""

    zero: float
    probabilities: npt.NDArray[np.float64]  # (n_probabilities,)
    quantiles: npt.NDArray[np.float64]  # (n_probabilities,), of the values that are not zero
    decimals: int
    logged: bool


@dataclass(frozen=True, eq=False)
class _Kind:
    """Rows with one law: a family of the source, or a novel type."""

    share: float
    family: int
    root: npt.NDArray[np.float64]  # (n_numeric, n_numeric), lower triangular root of the correlations
    marginals: tuple[_Marginal, ...]
    combinations: npt.NDArray[np.int64]  # (n_combinations, n_categorical), codes that occur together
    combination_shares: npt.NDArray[np.float64]
    types: npt.NDArray[np.int64]
    type_shares: npt.NDArray[np.float64]


def load_synthetic(n_train: int = 20_000, n_test: int = 5_000, *, seed: int) -> tuple[Table, Table]:
    """Generate a training and a test part.

    Families, attack types and categories are as frequent as in KDDTrain+. In the test part a share
    ``NOVEL_SHARE`` of the attacks is of ``NOVEL_TYPES``, which training does not have: such a row is drawn
    from the copula of its family, but features chosen once for each type and seed follow the marginals of
    normal traffic.

    Parameters
    ----------
    n_train, n_test : int
        Rows of each part.
    seed : int
        Seed of the run.

    Returns
    -------
    train, test : Table
        With ``synthetic`` True and the schema of NSL-KDD.

    Raises
    ------
    ValueError
        If a number of rows is negative.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> train, test = load_synthetic(200, 50, seed=0)
    >>> train.numeric.shape, test.numeric.shape, train.synthetic
    ((200, 38), (50, 38), True)
    """
    for name, value in (("n_train", n_train), ("n_test", n_test)):
        if value < 0:
            raise ValueError(f"{name} must be at least 0, got {value}")
    text = files(__package__).joinpath(_FILE).read_bytes()
    figures = json.loads(text)
    names = _Names(
        vocabularies=tuple(tuple(words) for words in figures["vocabularies"]),
        attack_types=(
            *(name for family in figures["families"] for name in family["attack_types"]),
            *(novel.name for novel in NOVEL_TYPES),
        ),
        source=Source("synthetic", sha256_of(text), figures["source"]["n_rows"]),
    )
    known = _known_kinds(figures, names)
    train = _draw(known, n_train, names, generator(seed, "synthetic", item=1))
    test = _draw(_with_novel_kinds(known, names, seed), n_test, names, generator(seed, "synthetic", item=2))
    return train, test


def _known_kinds(figures: dict[str, Any], names: _Names) -> list[_Kind]:
    """Return one kind for each family of the source."""
    return [
        _Kind(
            share=family["n_rows"] / figures["source"]["n_rows"],
            family=FAMILIES.index(family["name"]),
            root=_root(family["correlations"]),
            marginals=_marginals(family, figures),
            combinations=np.array(family["categories"], dtype=np.int64)[:, :-1],
            combination_shares=np.array(family["categories"])[:, -1] / family["n_rows"],
            types=np.array(
                [names.attack_types.index(name) for name in family["attack_types"]], dtype=np.int64
            ),
            type_shares=np.array(list(family["attack_types"].values())) / family["n_rows"],
        )
        for family in figures["families"]
    ]


def _root(upper: list[float]) -> npt.NDArray[np.float64]:
    """Return the Cholesky root of a correlation matrix, given by its upper triangle, row by row."""
    n = len(SCHEMA.numeric)
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n, 1)] = upper
    correlations = (1 - _RIDGE) * (matrix + matrix.T) + np.eye(n)
    return np.asarray(np.linalg.cholesky(correlations), dtype=np.float64)


def _marginals(family: dict[str, Any], figures: dict[str, Any]) -> tuple[_Marginal, ...]:
    """Read the marginal of each numeric feature of a family, in the schema's order."""
    probabilities = np.array(figures["probabilities"], dtype=np.float64)
    columns = zip(SCHEMA.numeric, family["zero"], family["quantiles"], strict=True)
    return tuple(
        _Marginal(
            zero,
            probabilities,
            np.array(values or [0.0] * len(probabilities)),
            figures["decimals"][name],
            name in SCHEMA.log1p,
        )
        for name, zero, values in columns
    )


def _with_novel_kinds(known: list[_Kind], names: _Names, seed: int) -> list[_Kind]:
    """Give a share of the attacks to the novel types."""
    normal = known[0]
    attacks = [replace(kind, share=kind.share * (1 - NOVEL_SHARE)) for kind in known[1:]]
    share = (1 - normal.share) * NOVEL_SHARE / len(NOVEL_TYPES)
    rng = generator(seed, "synthetic")
    novel = []
    for name, family, disguise in NOVEL_TYPES:
        own = known[FAMILIES.index(family)]
        disguised = rng.random(len(own.marginals)) < disguise
        pairs = zip(disguised, normal.marginals, own.marginals, strict=True)
        novel.append(
            replace(
                own,
                share=share,
                marginals=tuple(theirs if hidden else mine for hidden, theirs, mine in pairs),
                combinations=normal.combinations,
                combination_shares=normal.combination_shares,
                types=np.array([names.attack_types.index(name)], dtype=np.int64),
                type_shares=np.ones(1),
            )
        )
    return [normal, *attacks, *novel]


def _draw(kinds: list[_Kind], n_rows: int, names: _Names, rng: np.random.Generator) -> Table:
    """Draw the rows of a table: first each row's kind, then its features and its attack type."""
    n_numeric, n_categorical = len(SCHEMA.numeric), len(SCHEMA.categorical)
    numeric = np.zeros((n_rows, n_numeric))
    categorical = np.zeros((n_rows, n_categorical), dtype=np.int64)
    attack_type, family = np.zeros(n_rows, dtype=np.int64), np.zeros(n_rows, dtype=np.int64)
    which = rng.choice(len(kinds), size=n_rows, p=[kind.share for kind in kinds])
    for index, kind in enumerate(kinds):
        rows = np.flatnonzero(which == index)
        # einsum, not a BLAS product: its sums do not depend on the number of threads.
        scores = np.einsum("ra,ba->rb", rng.standard_normal((len(rows), n_numeric)), kind.root)
        levels = np.interp(scores, _Z, _PHI)
        for column, marginal in enumerate(kind.marginals):
            numeric[rows, column] = _values(levels[:, column], marginal)
        combination = rng.choice(len(kind.combinations), size=len(rows), p=kind.combination_shares)
        categorical[rows] = kind.combinations[combination]
        attack_type[rows] = rng.choice(kind.types, size=len(rows), p=kind.type_shares)
        family[rows] = kind.family
    return Table(
        schema=SCHEMA,
        numeric=numeric,
        categorical=categorical,
        vocabularies=names.vocabularies,
        attack_type=attack_type,
        attack_types=names.attack_types,
        family=family,
        families=FAMILIES,
        is_attack=(family != FAMILIES.index("normal")).astype(np.uint8),
        name="synthetic",
        synthetic=True,
        sources=(names.source,),
    )


def _values(levels: npt.NDArray[np.float64], marginal: _Marginal) -> npt.NDArray[np.float64]:
    """Take uniform levels through the inverse of a marginal's distribution function."""
    if marginal.zero >= 1:
        return np.zeros_like(levels)
    above = (levels - marginal.zero) / (1 - marginal.zero)
    if marginal.logged:
        values = np.expm1(np.interp(above, marginal.probabilities, np.log1p(marginal.quantiles)))
    else:
        values = np.interp(above, marginal.probabilities, marginal.quantiles)
    return np.where(above > 0, np.round(values, marginal.decimals), 0.0)
