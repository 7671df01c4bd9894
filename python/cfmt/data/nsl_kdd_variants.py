"""NSL-KDD and KDD Cup 99 as they lie in people's folders: other headers, separators, quotes and labels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from cfmt.data.nsl_kdd_schema import COLUMNS, FAMILY_OF, SCHEMA
from cfmt.data.readers import detect, read_chunks
from cfmt.data.reading import opened
from cfmt.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["BINARY", "find_part", "read_variant"]

BINARY = {"normal": "normal", "anomaly": "attack", "attack": "attack", "0": "normal", "1": "attack"}
"""What binary labels stand for."""

_LABELS = ("attack_type", "class", "label", "labels", "attack", "outcome", "target", "xattack")
_DIFFICULTIES = ("difficulty", "difficulty_level", "level", "score", "last_flag")
_NAMES = {
    "train": r"kddtrain\+?(_20percent)?\.(txt|csv|arff)|kddcup\.data(_10_percent)?(_corrected)?",
    "test": r"kddtest\+?\.(txt|csv|arff)|corrected",
    "test-21": r"kddtest-?21\.(txt|csv|arff)",
}


def find_part(folder: Path, part: str) -> Path | None:
    """Look for a part's file by the names that people give it, in a folder and in those within.

    Parameters
    ----------
    folder : Path
        Where to look.
    part : {"train", "test", "test-21"}
        Which part.

    Returns
    -------
    Path or None
        The file least deep, the whole part before its 20 percent; None where there is none.
    """
    pattern = re.compile(_NAMES[part], re.IGNORECASE)
    found = [
        path
        for path in (*folder.glob("*"), *folder.glob("*/*"))
        if path.is_file() and pattern.fullmatch(re.sub(r"\.(gz|zst)$", "", path.name, flags=re.IGNORECASE))
    ]
    return min(found, key=lambda path: (len(path.parts), "20" in path.name, path.name), default=None)


def read_variant(path: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Read a file whose rows are NSL-KDD's or KDD Cup 99's, however it is laid out.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    frame : polars DataFrame
        Columns of the published files, as texts; the difficulty may be missing.
    differences : tuple of str
        What is otherwise than in the published files.

    Raises
    ------
    DataError
        If it cannot be read, or the columns are others.
    """
    import polars as pl

    chunks = list(read_chunks(path))
    if not chunks:
        raise DataError(f"{path}: is empty; fetch it again")
    frame = pl.concat([chunk.frame for chunk in chunks], how="diagonal_relaxed")
    layout = detect(path)
    frame, by_layout = _by_name(frame, path) if layout.header else _by_place(frame, path)
    differences = ["the layout of ARFF"] if layout.format == "arff" else []
    if layout.separator not in ("", ","):
        differences.append(f"{layout.separator!r} between cells")
    frame, by_labels = _plain_labels(frame)
    words = [pl.col(name).str.strip_chars("\"'") for name in SCHEMA.categorical]
    plain = frame.with_columns(words)
    return plain, (*differences, *_marks(path), *by_layout, *by_labels)


def _marks(path: Path) -> list[str]:
    """Name the marks of the first lines that the published ones do not have."""
    with opened(path, remedy="give the path of the data file") as file:
        start = file.read(1 << 16)
    marks = ["quoted cells"] if b'"' in start or b"'" in start else []
    return marks + (["a comma at the end of lines"] if b",\n" in start.replace(b"\r", b"") else [])


def _by_name(frame: pl.DataFrame, path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Choose the columns by their names."""
    import polars as pl

    names = {name.strip().strip("'\"").lower().replace(" ", "_"): name for name in frame.columns}
    lacking = [name for name in COLUMNS[:-2] if name not in names]
    if lacking:
        raise DataError(f"{path}: has a header without {', '.join(lacking)}; is it NSL-KDD's?")
    labels = [names[name] for name in _LABELS if name in names]
    if not labels:
        raise DataError(f"{path}: has a header without a label; name its column attack_type")
    label = max(labels, key=lambda name: _n_known(frame[name]))
    difficulty = next((names[name] for name in _DIFFICULTIES if name in names), None)
    chosen = [pl.col(names[name]).cast(pl.String).alias(name) for name in COLUMNS[:-2]]
    chosen.append(pl.col(label).cast(pl.String).alias("attack_type"))
    last = pl.lit("0") if difficulty is None else pl.col(difficulty).cast(pl.String)
    return frame.select(*chosen, last.alias("difficulty")), ["a header"]


def _by_place(frame: pl.DataFrame, path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Choose the columns by their places; a running number may stand before them."""
    import polars as pl

    differences, n_features = [], len(COLUMNS) - 2
    if (
        frame.width > n_features + 1
        and _is_protocol(frame.columns, frame, 2)
        and not _is_protocol(frame.columns, frame, 1)
    ):
        frame = frame.drop(frame.columns[0])
        differences.append("an index column")
    if frame.width not in (n_features + 1, n_features + 2):
        raise DataError(
            f"{path}: has {frame.width} columns, expected {len(COLUMNS)}: 41 features, attack type and "
            "difficulty"
        )
    if frame.width == n_features + 1:
        differences.append("no difficulty")
        frame = frame.with_columns(difficulty=pl.lit("0"))
    frame.columns = list(COLUMNS)
    return frame, differences


def _is_protocol(columns: list[str], frame: pl.DataFrame, place: int) -> bool:
    """Whether the column at a place holds protocols."""
    words = frame[columns[place]].str.strip_chars("\"'").str.to_lowercase()
    return bool(words.is_in(["tcp", "udp", "icmp"]).all())


def _n_known(labels: pl.Series) -> int:
    """Count the attack types among labels: a column that names them is preferred to a binary one."""
    import polars as pl

    words = labels.cast(pl.String).str.strip_chars("\"' .").str.to_lowercase().unique()
    return len(set(words.to_list()) & set(FAMILY_OF))


def _plain_labels(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Write labels as NSL-KDD does; those that only tell attacks from normal traffic become ``attack``."""
    differences, labels = [], frame["attack_type"].str.strip_chars("\"' ")
    dotted = labels.str.strip_suffix(".")
    if (dotted != labels).any():
        differences.append("labels of KDD Cup 99, which end in a dot")
    plain = dotted.str.to_lowercase()
    if (plain != dotted).any():
        differences.append("labels in another letter case")
    if set(plain.drop_nulls().unique().to_list()) <= set(BINARY) and (plain != "normal").any():
        plain = plain.replace(BINARY)
        differences.append("binary labels, which name no attack types")
    return frame.with_columns(plain.alias("attack_type")), differences
