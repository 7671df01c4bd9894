"""Labelled flow tables of any exporter: read, judged, and made into tables for training and testing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cfmt.data.basic import as_basic, basic_columns
from cfmt.data.clients import with_clients
from cfmt.data.columns import Columns, Suspect, infer_columns, suspects, tabulate
from cfmt.data.columns.names import normalised
from cfmt.data.columns.tabulate import label_names
from cfmt.data.columns.values import texts
from cfmt.data.flow_rows import FlowRows, client_column, owners, read_rows
from cfmt.data.readers import Layout, detect
from cfmt.data.registry import DataSet, recognise
from cfmt.data.schema import Source, Table
from cfmt.errors import DataError, listed

__all__ = ["FlowTables", "Survey", "load_flow_tables", "load_labelled", "survey"]


@dataclass(frozen=True, eq=False)
class FlowTables:
    """A labelled table, what was made of its columns, and its test part where there is one.

    Parameters
    ----------
    train : Table
        Rows to train on.
    test : Table or None
        Rows to test on; None where no file of them was given.
    columns : Columns
        What each column is for.
    known : DataSet or None
        The published table that it was recognised as.
    suspects : tuple of Suspect
        Features that tell attacks from normal traffic all by themselves.
    """

    train: Table
    test: Table | None
    columns: Columns
    known: DataSet | None
    suspects: tuple[Suspect, ...]


def load_labelled(
    source: Path | str, columns: Columns, *, format: str = "auto", clients_by: str = ""
) -> Table:
    """Load labelled rows by columns that are enforced, such as those of a detector.

    Parameters
    ----------
    source : Path or str
        A file, a glob pattern, or a folder of files that together are one table.
    columns : Columns
        What each column is for.
    format : str, default="auto"
        Format of the files.
    clients_by : str, default=""
        Column that names each row's client, or ``file``.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        If a file is missing or damaged, lacks a column, or a row has a cell that cannot be used.
    """
    read = _viewed(read_rows(source, format), columns.view)
    types = _types([(read, source)], columns)
    clients = owners(read, source, clients_by)
    table = _table(read, columns, types, Path(source).name.split(".")[0])
    return with_clients(table, clients) if clients else table


@dataclass(frozen=True, eq=False)
class Survey:
    """What a flow table holds, labelled or not.

    Parameters
    ----------
    layout : Layout
        How its first file is laid out.
    sources : tuple of Source
        Its files.
    columns : Columns
        What each column is judged to be for.
    known : DataSet or None
        The published table that it was recognised as.
    labels : tuple of (str, int)
        Values of the label with their rows, most frequent first; empty where no label is known.
    """

    layout: Layout
    sources: tuple[Source, ...]
    columns: Columns
    known: DataSet | None
    labels: tuple[tuple[str, int], ...]


def load_flow_tables(
    source: Path | str,
    *,
    test: Path | str | None = None,
    label: str = "",
    normal: Sequence[str] = (),
    attack_type: str = "",
    columns: Columns | None = None,
    view: str = "",
    format: str = "auto",
    clients_by: str = "",
) -> FlowTables:
    r"""Load a labelled flow table, and its test part if there is one.

    Parameters
    ----------
    source : Path or str
        A file, a glob pattern, or a folder of files that together are one table.
    test : Path or str, optional
        The same for the test part.
    label : str, default=""
        Column that tells attack from normal traffic; empty for that of a published table.
    normal : sequence of str, default=()
        Its values that are normal traffic.
    attack_type : str, default=""
        Column that names the attack.
    columns : Columns, optional
        What each column is for, to be enforced; without it, that is judged from the rows.
    view : str, default=""
        ``basic-10`` for the columns that all exporters give, where ``columns`` is not given.
    format : str, default="auto"
        Format of the files, one of :data:`cfmt.data.readers.FORMATS`.
    clients_by : str, default=""
        Column that names each row's client, or ``file`` for one client per file. The column is no feature,
        unless ``columns`` says so.

    Returns
    -------
    FlowTables

    Raises
    ------
    DataError
        If a file is missing or damaged, the label is not there, test and training file are the same, or a row
        has a cell that cannot be used: the message then names file, line and column.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.flow_table import load_flow_tables
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.csv")
    ...     _ = path.write_text("bytes,proto,kind\n1,tcp,ok\n9,udp,flood\n2,tcp,ok\n")
    ...     tables = load_flow_tables(path, label="kind", normal=("ok",))
    >>> tables.train.attack_types, tables.train.is_attack.tolist()
    (('normal', 'flood'), [0, 1, 0])
    """
    read = read_rows(source, format)
    known = recognise(read.frame.columns)
    clients = owners(read, source, clients_by)
    view = view if columns is None else columns.view
    read = _viewed(read, view)
    if columns is None:
        label, normal, attack_type = _labels(read, source, known, label, normal, attack_type)
        try:
            columns = (basic_columns if view else infer_columns)(
                read.frame,
                label=label,
                normal=tuple(normal),
                attack_type=attack_type,
                client=client_column(read, clients_by),
            )
        except DataError as error:
            raise DataError(f"{source}: {error}") from error
    elif not columns.label:
        raise DataError(f'{source}: the schema names no label; add a line such as label = "Label"')
    tested = None if test is None else _viewed(read_rows(test, format), view)
    if tested is not None:
        _refuse_same(read, tested, str(test))
    types = _types([(read, source), *([(tested, str(test))] if tested is not None else [])], columns)
    name = known.name if known else Path(source).name.split(".")[0]
    train = _table(read, columns, types, name)
    return FlowTables(
        train=with_clients(train, clients) if clients else train,
        test=None if tested is None else _table(tested, columns, types, name),
        columns=columns,
        known=known,
        suspects=suspects(train),
    )


def survey(
    source: Path | str,
    *,
    label: str = "",
    normal: Sequence[str] = (),
    attack_type: str = "",
    format: str = "auto",
) -> Survey:
    r"""Look at a flow table before anything is trained on it.

    Parameters
    ----------
    source : Path or str
        A file, a glob pattern, or a folder of files that together are one table.
    label, normal, attack_type, format
        As for :func:`load_flow_tables`; nothing need be said of the labels.

    Returns
    -------
    Survey

    Raises
    ------
    DataError
        If a file is missing or damaged, or no column is left as a feature.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.flow_table import survey
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.csv")
    ...     _ = path.write_text("Src IP,bytes\n192.0.2.1,10\n192.0.2.2,17\n")
    ...     found = survey(path)
    >>> found.layout.format, found.columns.numeric, found.columns.reasons
    ('csv', ('bytes',), {'Src IP': 'address'})
    """
    read = read_rows(source, format)
    known = recognise(read.frame.columns)
    if label or known is not None:
        label, normal, attack_type = _labels(read, source, known, label, normal, attack_type)
    try:
        columns = infer_columns(
            read.frame, label=label, normal=tuple(normal), attack_type=attack_type, one_class=True
        )
    except DataError as error:
        raise DataError(f"{source}: {error}") from error
    counts = texts(read.frame[label]).value_counts(sort=True).iter_rows() if label else ()
    layout = detect(read.starts[0][1], format=format)
    return Survey(layout, read.sources, columns, known, tuple((str(name), int(n)) for name, n in counts))


def _labels(
    read: FlowRows,
    source: Path | str,
    known: DataSet | None,
    label: str,
    normal: Sequence[str],
    attack_type: str,
) -> tuple[str, tuple[str, ...], str]:
    """Complete what was said of the labels by what is known of a published table."""
    by_name = {normalised(name): name for name in read.frame.columns}
    if known is not None and not label:
        return by_name[known.label], tuple(normal) or known.normal, by_name.get(known.attack_type, "")
    if not label:
        raise DataError(
            f"{source}: is no published table that is known here; name the column that tells attacks from "
            "normal traffic (label, --label on the command line) and its normal values (normal, --normal); "
            f"its columns are {listed(read.frame.columns)}"
        )
    label, attack_type = (name if name in read.frame.columns else by_name.get(normalised(name), name)
                          for name in (label, attack_type))  # fmt: skip
    if not normal:
        raise DataError(
            f"{source}: label is {label!r}, but nothing says which of its values are normal traffic; name "
            "them (normal, --normal on the command line)"
        )
    return label, tuple(normal), attack_type


def _viewed(read: FlowRows, view: str) -> FlowRows:
    """Map an exporter's columns to the basic ones, where those are asked for."""
    if not view:
        return read
    try:
        return replace(read, frame=as_basic(read.frame))
    except DataError as error:
        raise DataError(f"{read.starts[0][1]}: {error}") from error


def _refuse_same(train: FlowRows, test: FlowRows, name: str) -> None:
    """Refuse a test file whose bytes were trained on."""
    hashes = {source.sha256: source.name for source in train.sources}
    for source in test.sources:
        if source.sha256 in hashes:
            raise DataError(
                f"{name}: {source.name} holds the same bytes as the training file {hashes[source.sha256]}; "
                "a test on training rows says nothing: give another file, or split types, order or random"
            )


def _types(parts: list[tuple[FlowRows, Path | str]], columns: Columns) -> tuple[str, ...]:
    """Name the attack types of all parts, ``normal`` first."""
    found: set[str] = set()
    for read, name in parts:
        if columns.label not in read.frame.columns:
            raise DataError(f"{name}: has no column {columns.label!r}, which holds the labels")
        found |= set(label_names(read.frame, columns))
    return ("normal", *sorted(found - {"normal"}))


def _table(read: FlowRows, columns: Columns, types: tuple[str, ...], name: str) -> Table:
    """Make a table of all rows, or name the first cell that cannot be used."""
    try:
        made = tabulate(read.frame, columns, types=types, name=name, sources=read.sources)
    except DataError as error:
        raise DataError(f"{read.starts[0][1]}: {error}") from error
    if made.fault is not None:
        row, fault = made.fault
        raise DataError(f"{read.place(row)}: {fault}; mend the row, or leave it out")
    return made.table
