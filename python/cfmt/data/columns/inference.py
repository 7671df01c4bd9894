"""What the columns of an unknown table are for, judged by names and by values, with the reason for each."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cfmt.data.columns.names import normalised, reason_by_name
from cfmt.data.columns.spec import OTHER, Columns
from cfmt.data.columns.tabulate import buckets
from cfmt.data.columns.values import numbers, texts
from cfmt.data.reading import DataWarning
from cfmt.errors import DataError, listed, printable, shortened, shown
from cfmt.metrics import roc_auc

if TYPE_CHECKING:
    import polars as pl

    from cfmt.data.schema import Table

__all__ = ["Suspect", "infer_columns", "suspects"]

MOST_WORDS = 1000
"""Words that a column keeps at most."""
FEWEST_ROWS = 5
"""Rows of a word that is kept, in a column of more than ``_FEW_WORDS`` words."""
_FEW_WORDS = 20
_CODES = re.compile(
    r"proto(col)?(_type|_number)?|l7_proto|.*(icmp|dns).*_(type|code)|.*flags?|state|version|opcode"
)
_ADDRESS = r"^(\d{1,3}\.){3}\d{1,3}$|^[0-9a-fA-F:]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*$"
_DATE = r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[ T]"
_EPOCHS = ((9e8, 3e9), (9e11, 3e12), (9e14, 3e15))  # seconds, milliseconds and microseconds from 1998 to 2065
_MOST = 0.9  # share of values that make a column what it is
_LONG = 40  # characters: longer words on average are text


@dataclass(frozen=True)
class Suspect:
    """A feature that tells attacks from normal traffic all by itself.

    Parameters
    ----------
    feature : str
        Its name.
    roc_auc : float
        Of that feature alone on the training rows, whichever way it points.

    Examples
    --------
    >>> from cfmt.data.columns import Suspect
    >>> Suspect("sttl", 0.997).feature
    'sttl'
    """

    feature: str
    roc_auc: float


def infer_columns(
    frame: pl.DataFrame,
    *,
    label: str = "",
    normal: tuple[str, ...] = (),
    attack_type: str = "",
    client: str = "",
    one_class: bool = False,
) -> Columns:
    """Judge what each column of a training table is for.

    Parameters
    ----------
    frame : polars DataFrame
        All training rows.
    label : str, default=""
        Column that tells attack from normal traffic; empty where nothing does.
    normal : tuple of str, default=()
        Its values that are normal traffic.
    attack_type : str, default=""
        Column that names the attack, if the label does not.
    client : str, default=""
        Column that names each row's client, and so is no feature.
    one_class : bool, default=False
        Whether all rows may be of one class, as those of a quiet day; nothing can be trained on them.

    Returns
    -------
    Columns
        With a reason for each column that is no feature.

    Raises
    ------
    DataError
        If a column is not there, no row or every row is normal, or nothing is left as a feature.

    Examples
    --------
    >>> import polars as pl
    >>> from cfmt.data.columns import infer_columns
    >>> frame = pl.DataFrame({"src_ip": ["192.0.2.1"] * 3, "bytes": ["1", "-", "3"], "l": ["a", "n", "a"]})
    >>> columns = infer_columns(frame, label="l", normal=("n",))
    >>> columns.numeric, columns.missing, columns.kept, columns.reasons
    (('bytes',), ('bytes',), ('src_ip',), {'src_ip': 'address'})
    """
    if label:
        _check_labels(frame, label, normal, attack_type, one_class=one_class)
        if client and client in (label, attack_type):
            raise DataError(f"column {client} is the label, so it cannot name the clients, too")
    numeric, log1p, missing, ports, kept = [], [], [], [], []
    words: dict[str, tuple[str, ...]] = {}
    reasons: dict[str, str] = {}
    for column in frame.columns:
        if column == label:
            continue
        named = {attack_type: "label", client: "client"}
        reason = named.get(column) or reason_by_name(column)
        if reason == "server port":
            words[column] = _frequent(buckets(frame[column]))
            ports.append(column)
            continue
        judged = reason or _reason_by_values(frame[column])
        if judged:
            reasons[column] = judged
            kept.append(column)
            continue
        values, wrong = numbers(frame[column])
        if wrong.any() or _CODES.fullmatch(normalised(column)):
            _warn_of_words(frame[column], values, wrong)
            words[column] = _frequent(texts(frame[column]))
            continue
        numeric.append(column)
        if _is_heavy(values):
            log1p.append(column)
            values[values < 0] = np.nan
        if np.isnan(values).any():
            missing.append(column)
    if not numeric and not words:
        told = listed([f"{column} ({reason})" for column, reason in reasons.items()])
        raise DataError(f"no column is left as a feature: {told}; write a schema for the table")
    return Columns(
        tuple(numeric), words, tuple(log1p), tuple(missing), tuple(ports), tuple(kept), label, normal,
        attack_type, reasons,
    )  # fmt: skip


def _check_labels(
    frame: pl.DataFrame, label: str, normal: tuple[str, ...], attack_type: str, *, one_class: bool
) -> None:
    """Refuse columns that are not there, and values of normal traffic that no row or every row has."""
    for column in (label, *([attack_type] if attack_type else [])):
        if column not in frame.columns:
            raise DataError(f"has no column {column!r}; it has {listed(frame.columns)}")
    if one_class:
        return
    found = texts(frame[label])
    is_normal = found.str.to_lowercase().is_in([word.lower() for word in normal])
    if not is_normal.any():
        values = [f"{value} ({count:,})" for value, count in found.value_counts(sort=True).iter_rows()]
        raise DataError(
            f"no row of column {label} is {' or '.join(map(repr, normal))}; its values are {listed(values)}; "
            "say which of them is normal traffic"
        )
    if is_normal.all():
        raise DataError(f"every row of column {label} is normal traffic; a detector learns from attacks, too")


def _warn_of_words(column: pl.Series, values: npt.NDArray[np.float64], wrong: npt.NDArray[np.bool_]) -> None:
    """Warn where a few cells make words of a column of many different numbers."""
    if wrong.any() and len(np.unique(values[~np.isnan(values)])) > _FEW_WORDS:
        row = int(wrong.argmax())
        warnings.warn(
            f"column {column.name}: holds numbers, but {shown(column[row])} in row {row + 1} is none, and so "
            f"for {int(wrong.sum()):,} of {len(wrong):,} rows; its cells count as words: mend those rows, or "
            "leave the column out of a schema",
            DataWarning,
            stacklevel=4,
        )


def _reason_by_values(column: pl.Series) -> str:
    """Say why a column is no feature, told by its values; empty where it is one."""
    found = texts(column)
    held = found.filter(found != "-")
    if len(held) == 0:
        return "empty"
    if found.n_unique() == 1:
        return f"constant: {printable(shortened(found[0], 60))}"
    values, wrong = numbers(column)
    if wrong.mean() <= 1 - _MOST:
        return _reason_of_numbers(values)
    for kind, pattern in (("address", _ADDRESS), ("time", _DATE)):
        if held.str.contains(pattern).to_numpy().mean() >= _MOST:
            return kind
    n_distinct = held.n_unique()
    many = n_distinct > len(held) * _MOST and len(held) > _FEW_WORDS
    if many or n_distinct > max(MOST_WORDS, len(held) // 2):
        return f"near-identifier: {n_distinct:,} different values in {len(held):,} rows"
    return "text" if held.str.len_chars().to_numpy().mean() > _LONG else ""


def _reason_of_numbers(values: npt.NDArray[np.float64]) -> str:
    """Say why a numeric column is no feature: it counts its rows, or it is a time."""
    held = values[~np.isnan(values)]
    if len(held) == 0:
        return "empty"
    if len(held) == len(values) > 2 and (np.diff(held) == 1).all():
        return "index: it counts the rows"
    low, high = np.quantile(held, [0.05, 0.95])
    if any(least <= low <= high <= most for least, most in _EPOCHS) and len(np.unique(held)) > len(held) / 2:
        return "time"
    return ""


def _is_heavy(values: npt.NDArray[np.float64]) -> bool:
    """Whether a column has a heavy tail: numbers from 0 up, -1 apart, with a mean far above the median."""
    held = values[~np.isnan(values)]
    if len(held) == 0 or (held < 0).mean() > 0.5 or (held[held < 0] < -1).any():
        return False
    return bool(held.max() > 100 and held.mean() > 2 * np.median(held))


def _frequent(found: pl.Series) -> tuple[str, ...]:
    """Return the words that a column keeps, sorted: the frequent ones of many."""
    counts = found.value_counts(sort=True)
    rows = [(word, count) for word, count in counts.iter_rows() if word != OTHER]
    if len(rows) > _FEW_WORDS:
        rows = [(word, count) for word, count in rows if count >= FEWEST_ROWS]
    return tuple(sorted(word for word, _ in rows[:MOST_WORDS]))


def suspects(table: Table, *, above: float = 0.99) -> tuple[Suspect, ...]:
    """Find features that tell attacks from normal traffic all by themselves, the strongest first.

    Such a feature often comes of how the traffic was made or labelled, such as the TTL in UNSW-NB15, and will
    not be there on another network.

    Parameters
    ----------
    table : Table
        Labelled rows.
    above : float, default=0.99
        ROC-AUC of the feature alone from which it is suspect.

    Returns
    -------
    tuple of Suspect

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.columns import suspects
    >>> suspects(load_synthetic(500, 0, seed=0)[0], above=0.999)
    ()
    """
    is_attack = table.is_attack
    found = [
        (name, values.astype(np.float32))
        for name, values in zip(table.schema.numeric, _ranked(table.numeric).T, strict=True)
    ]
    for name, codes in zip(table.schema.categorical, table.categorical.T, strict=True):
        n_words = int(codes.max(initial=0)) + 1
        rows = np.bincount(codes, minlength=n_words)
        attacks = np.bincount(codes, weights=is_attack, minlength=n_words)
        found.append((name, (attacks / np.maximum(rows, 1))[codes].astype(np.float32)))
    areas = [(name, roc_auc(scores, is_attack)) for name, scores in found]
    strong = [Suspect(name, max(area, 1 - area)) for name, area in areas if max(area, 1 - area) > above]
    return tuple(sorted(strong, key=lambda one: (-one.roc_auc, one.feature)))


def _ranked(numeric: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Replace each value of a column by its rank among the different ones: exact in single precision."""
    columns = [np.unique(values, return_inverse=True)[1] for values in numeric.T]
    return np.stack(columns, axis=1).astype(np.float64) if columns else numeric
