"""Rows of a flow table as features and labels, by what its columns are for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cfmt import _core
from cfmt.data.columns.names import port_bucket
from cfmt.data.columns.roles import flow_roles
from cfmt.data.columns.spec import OTHER, Columns
from cfmt.data.columns.values import number_columns, numbers, texts
from cfmt.data.readers.layout import Needed
from cfmt.data.readers.needed_cells import SoundRows, Words
from cfmt.data.schema import LARGEST, Source, Table
from cfmt.errors import DataError, listed, shown

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Tabulated", "label_names", "needed_of", "table_of", "tabulate"]

NORMAL = "normal"
"""The attack type of normal rows, whatever the table calls them."""


@dataclass(frozen=True, eq=False)
class Tabulated:
    """A table made of some rows of a frame.

    Parameters
    ----------
    table : Table
        The rows that could be used.
    rows : ndarray of shape (n_rows,), int64
        Which rows of the frame they are.
    fault : tuple of (int, str) or None
        The first row that could not be used, and what is wrong with it; None where every row could.

    Examples
    --------
    >>> import polars as pl
    >>> from cfmt.data.columns import Columns, tabulate
    >>> made = tabulate(pl.DataFrame({"bytes": [1, None, 3]}), Columns(("bytes",), {}))
    >>> made.rows.tolist(), made.fault[0]
    ([0, 2], 1)
    """

    table: Table
    rows: npt.NDArray[np.int64]
    fault: tuple[int, str] | None


def tabulate(
    frame: pl.DataFrame,
    columns: Columns,
    *,
    types: Collection[str] | None = None,
    name: str = "flows",
    sources: tuple[Source, ...] = (),
) -> Tabulated:
    """Make a table of a frame's rows; rows with a cell that cannot be used are left out and told.

    A cell of a numeric column can be used if it is a number of at most 1e100, or missing in a column that may
    lack values. Missing are empty cells, ``-``, ``NaN``, ``Infinity`` and their like, and negative numbers
    of a column with heavy tails.

    Parameters
    ----------
    frame : polars DataFrame
        Rows as a reader gave them, texts or numbers.
    columns : Columns
        What each column is for.
    types : collection of str, optional
        Names of the attack types, as :func:`label_names` gives them; without it, nothing is known of the
        rows' labels, and all count as one unknown type.
    name : str, default="flows"
        Name of the table.
    sources : tuple of Source, default=()
        Where the rows come from.

    Returns
    -------
    Tabulated

    Raises
    ------
    DataError
        If the frame lacks a column.

    Examples
    --------
    >>> import polars as pl
    >>> from cfmt.data.columns import Columns, tabulate
    >>> columns = Columns(("bytes",), {"proto": ("tcp",)}, label="kind", normal=("ok",))
    >>> frame = pl.DataFrame({"bytes": ["1", "many"], "proto": ["tcp", "udp"]})
    >>> made = tabulate(frame, columns)
    >>> made.table.n_rows, made.fault
    (1, (1, "column bytes must be a number, got 'many'"))
    """
    labelled = (columns.label,) if types is not None else ()
    lacking = [column for column in (*columns.features, *labelled) if column not in frame.columns]
    if lacking:
        raise DataError(
            f"lacks the column {listed(lacking)}; it has {listed(frame.columns)}; "
            "give a table of the exporter that the schema was made from"
        )
    numeric, wrong, fault_of = _numeric(frame, columns)
    codes = _codes(columns, {name: _coded(frame[name]) for name in columns.words}, frame.height)
    attack_type, is_attack = np.zeros(frame.height, np.int64), np.zeros(frame.height, np.uint8)
    if types is not None:
        attack_type, is_attack, unlabelled = _labels(frame, columns, tuple(types))
        wrong |= unlabelled
    rows = np.flatnonzero(~wrong)
    if len(rows) < frame.height:
        numeric, codes = numeric[rows], codes[rows]
        attack_type, is_attack = attack_type[rows], is_attack[rows]
    names = tuple(types) if types is not None else ("unknown",)
    table = Table(
        schema=columns.schema,
        numeric=numeric,
        categorical=codes,
        vocabularies=_vocabularies(columns),
        attack_type=attack_type,
        attack_types=names,
        family=attack_type,
        families=names,
        is_attack=is_attack,
        name=name,
        sources=sources,
        columns=columns,
    )
    return Tabulated(table, rows, _first_fault(frame, columns, wrong, fault_of))


def table_of(sound: SoundRows, columns: Columns) -> Table:
    """Make a table of rows of which no cell needs a look; nothing is known of their labels.

    Parameters
    ----------
    sound : SoundRows
        What :func:`needed_of` asks a reader for.
    columns : Columns
        What each column is for.

    Returns
    -------
    Table

    Examples
    --------
    >>> from cfmt.data.columns import Columns, table_of
    >>> from cfmt.data.readers import SoundRows
    >>> table_of(SoundRows(np.array([[7.0], [8.0]]), {}, ("bytes",)), Columns(("bytes",), {})).n_rows
    2
    """
    n_rows = len(sound.numeric)
    words = {name: cells for name, cells in sound.columns.items() if isinstance(cells, Words)}
    unknown = np.zeros(n_rows, np.int64)
    return Table(
        schema=columns.schema,
        numeric=sound.numeric,
        categorical=_codes(columns, words, n_rows),
        vocabularies=_vocabularies(columns),
        attack_type=unknown,
        attack_types=("unknown",),
        family=unknown,
        families=("unknown",),
        is_attack=np.zeros(n_rows, np.uint8),
        name="flows",
        columns=columns,
    )


def needed_of(columns: Columns) -> Needed:
    """Tell a reader what a table takes, and what goes through to the output.

    Parameters
    ----------
    columns : Columns
        What each column is for.

    Returns
    -------
    Needed

    Examples
    --------
    >>> from cfmt.data.columns import Columns, needed_of
    >>> needed = needed_of(Columns(("bytes",), {"proto": ("tcp",)}))
    >>> sorted(needed.found_in(("uid", "bytes", "proto", "state")))
    ['bytes', 'proto', 'uid']
    """
    return Needed(
        columns.numeric,
        tuple(columns.words),
        columns.missing,
        columns.log1p,
        passed=lambda names: {*columns.kept, columns.label, *flow_roles(names).values()},
    )


def _vocabularies(columns: Columns) -> tuple[tuple[str, ...], ...]:
    """Return the words of each column, and last what stands for others."""
    return tuple((*known, OTHER) for known in columns.words.values())


_FaultOf = Callable[[int], tuple[str, str] | None]
"""The first numeric column that a row of the frame breaks, and the rule."""


def _numeric(
    frame: pl.DataFrame, columns: Columns
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], _FaultOf]:
    """Return numeric features, shape (n_rows, n_numeric), with flags of missing ones last, and bad rows."""
    names = columns.numeric
    values, wrong = number_columns(frame, names)
    heavy = np.array([name in columns.log1p for name in names], np.bool_)
    places = {name: len(names) + place for place, name in enumerate(columns.missing)}
    flags = np.array([places.get(name, -1) for name in names], np.int64)
    width = len(names) + len(places)
    numeric, bad = _core.lay_out_rows(values, heavy, flags, n_rows=frame.height, width=width)
    for cells in wrong.values():
        bad |= cells

    def fault_of(row: int) -> tuple[str, str] | None:
        """Find the first column that a row breaks."""
        for name, cells, is_heavy in zip(names, values, heavy.tolist(), strict=True):
            cell = float(cells[row])
            if (name in wrong and wrong[name][row]) or LARGEST < abs(cell) < float("inf"):
                return name, "must be a number"
            if name not in places and (not np.isfinite(cell) or (is_heavy and cell < 0)):
                return name, "must not be missing or, if its tail is heavy, negative"
        return None

    return numeric, bad, fault_of


def _codes(columns: Columns, words: Mapping[str, Words], n_rows: int) -> npt.NDArray[np.int64]:
    """Return each cell's place among its column's words, behind them for others, (n_rows, n_categorical)."""
    codes = np.zeros((n_rows, len(columns.words)), np.int64)
    for place, (name, known) in enumerate(columns.words.items()):
        given, distinct = words[name]
        code_of = _places(distinct, known, is_port=name in columns.ports)
        codes[:, place] = code_of[given]
    return codes


def _coded(column: pl.Series) -> Words:
    """Give each distinct cell of a column a code."""
    import polars as pl

    column = column.cast(pl.String, strict=False)
    distinct = column.unique(maintain_order=True).drop_nulls()
    codes = column.cast(pl.Enum(distinct)).to_physical().cast(pl.UInt32)
    return Words(codes.fill_null(len(distinct)).to_numpy(), distinct.to_list())


def _places(distinct: Sequence[str], known: tuple[str, ...], *, is_port: bool) -> npt.NDArray[np.int64]:
    """Return the place of each distinct cell among the known words, and last that of an empty one."""
    import polars as pl

    cells = pl.Series([*distinct, None], dtype=pl.String)
    names = buckets(cells) if is_port else texts(cells)
    places = {word: place for place, word in enumerate(known)}
    return np.array([places.get(name, len(known)) for name in names.to_list()], np.int64)


def buckets(column: pl.Series) -> pl.Series:
    """Turn a column of ports into service buckets."""
    import polars as pl

    values, _ = numbers(column)
    distinct, places = np.unique(np.nan_to_num(values, nan=-1.0), return_inverse=True)
    names = np.array([port_bucket(port) for port in distinct.tolist()], dtype=object)
    return pl.Series(column.name, names[places].tolist(), dtype=pl.String)


def _int64() -> pl.Int64:
    """Return polars' type of codes; polars is imported where it is used."""
    import polars as pl

    return pl.Int64()


def label_names(frame: pl.DataFrame, columns: Columns) -> tuple[str, ...]:
    """Return the attack types of a labelled frame, ``normal`` first and the others sorted.

    Parameters
    ----------
    frame : polars DataFrame
        Rows with their labels.
    columns : Columns
        Names the label's column, and what is normal there.

    Returns
    -------
    tuple of str
    """
    types = _types(frame, columns).unique().to_list()
    return (NORMAL, *sorted(name for name in types if name not in (NORMAL, None)))


def _types(frame: pl.DataFrame, columns: Columns) -> pl.Series:
    """Name each row's attack type: ``normal``, or what the table says; null where the label is missing."""
    import polars as pl

    label = texts(frame[columns.label])
    normal = label.str.to_lowercase().is_in([word.lower() for word in columns.normal])
    named = texts(frame[columns.attack_type]) if columns.attack_type else label
    normal_words = (*(word.lower() for word in columns.normal), NORMAL, "-")
    vague = named.str.to_lowercase().is_in(normal_words)
    chosen = pl.select(
        pl.when(label == "-").then(None).when(normal).then(pl.lit(NORMAL)).when(vague).then(pl.lit("attack"))
        .otherwise(named)
    )  # fmt: skip
    return chosen.to_series()


def _labels(
    frame: pl.DataFrame, columns: Columns, types: tuple[str, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Return attack types as codes, whether each row is an attack, and rows without a label."""
    named = _types(frame, columns)
    codes = named.replace_strict(list(types), list(range(len(types))), default=None, return_dtype=_int64())
    unlabelled = codes.is_null().to_numpy()
    attack_type = codes.fill_null(0).to_numpy().copy()
    return attack_type, (attack_type != types.index(NORMAL)).astype(np.uint8), unlabelled


def _first_fault(
    frame: pl.DataFrame, columns: Columns, wrong: npt.NDArray[np.bool_], fault_of: _FaultOf
) -> tuple[int, str] | None:
    """Name the first row that cannot be used, and what is wrong with it."""
    if not wrong.any():
        return None
    row = int(wrong.argmax())
    column, rule = fault_of(row) or (columns.label, "must not be empty: it is the label")
    return row, f"column {column} {rule}, got {shown(frame[column][row])}"
