"""Whether flows come of the exporter that a detector was trained on, in the same units."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from cfmt.data import Table
from cfmt.detector.detector import Detector
from cfmt.detector.drift import Reference

__all__ = ["MovedUnit", "moved_units", "other_exporter"]

_FEWEST_ROWS = 50
_UPPER = 0.9  # the quantile that is compared: most columns of flows are 0 below
_NEAR = 0.15  # decades that it may be from a power of 1,000
_FEWEST_DECADES = 3


class MovedUnit(NamedTuple):
    """A column that looks as if it were in another unit than in training.

    Parameters
    ----------
    column : str
        Its name.
    factor : float
        How many times as large it is: about a power of 1,000.

    Examples
    --------
    >>> from cfmt.detector import MovedUnit
    >>> MovedUnit("duration", 1000.0).factor
    1000.0
    """

    column: str
    factor: float


def other_exporter(detector: Detector, exporter: str) -> str:
    """Name the exporter that a detector was trained on, where flows come of another.

    Parameters
    ----------
    detector : Detector
        Its metadata tell, where it was trained by a version that keeps it.
    exporter : str
        Of the flows; empty where their columns tell nothing.

    Returns
    -------
    str
        Empty where it is the same, or one of them is not known.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector, other_exporter
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> preprocessor = fit_preprocessor(load_synthetic(50, 0, seed=0)[0])
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> detector = Detector(mlp, mlp.initial(seed=0), preprocessor, 0.5, metadata={"exporter": "zeek"})
    >>> other_exporter(detector, "nf-v3"), other_exporter(detector, "zeek"), other_exporter(detector, "")
    ('zeek', '', '')
    """
    own = detector.metadata.get("exporter", "")
    return own if isinstance(own, str) and exporter and own != exporter else ""


def moved_units(detector: Detector, table: Table) -> tuple[MovedUnit, ...]:
    """Find columns that are about a power of 1,000 times what they were in training.

    Durations in milliseconds instead of seconds are scored without an error, and wrongly. Traffic seldom
    moves by just that; other changes are told by :func:`measure_drift`.

    Parameters
    ----------
    detector : Detector
        Its metadata hold the spread of training's normal rows.
    table : Table
        Rows to be scored, at least 50.

    Returns
    -------
    tuple of MovedUnit
        Empty where nothing is known of training, or the rows are few.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector, Reference, moved_units
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, _ = load_synthetic(500, 0, seed=0)
    >>> preprocessor = fit_preprocessor(train)
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> detector = Detector(mlp, mlp.initial(seed=0), preprocessor, 0.5)
    >>> detector = replace(detector, metadata={"reference": Reference.of(detector, train).to_dict()})
    >>> numeric = train.numeric.copy()
    >>> numeric[:, train.schema.numeric.index("src_bytes")] *= 1000
    >>> [one.column for one in moved_units(detector, replace(train, numeric=numeric))]
    ['src_bytes']
    """
    if "reference" not in detector.metadata or table.n_rows < _FEWEST_ROWS:
        return ()
    reference = Reference.from_dict(detector.metadata["reference"])
    found = []
    for name, values in zip(table.schema.numeric, table.numeric.T, strict=True):
        edges, _ = reference.numeric.get(name, ((), ()))
        before, now = (edges[-1] if edges else 0.0), float(np.quantile(values, _UPPER))
        is_rate = max(before, now) <= 1  # a rate goes from 0.001 to 1 when there is an attack
        if before > 0 and now > 0 and not is_rate and _is_unit(now / before):
            found.append(MovedUnit(name, now / before))
    return tuple(found)


def _is_unit(factor: float) -> bool:
    """Tell whether a factor is about 1,000, a million or their inverses."""
    decades = math.log10(factor)
    nearest = 3 * round(decades / 3)
    return abs(nearest) >= _FEWEST_DECADES and abs(decades - nearest) <= _NEAR
