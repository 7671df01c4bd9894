"""NSL-KDD as published: 41 features, the attack type and a difficulty, no header.

References
----------
M. Tavallaee, E. Bagheri, W. Lu, A. Ghorbani, "A Detailed Analysis of the KDD CUP 99 Data Set",
IEEE CISDA 2009.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from cfmt.data.nsl_kdd_faults import first_fault
from cfmt.data.nsl_kdd_schema import (
    ATTACK_TYPES,
    COLUMNS,
    FAMILIES,
    FAMILY_OF,
    ONLY_IN_TEST,
    ONLY_IN_TRAINING,
    SCHEMA,
)
from cfmt.data.reading import DataWarning, find_file, read_bytes
from cfmt.data.registry import PublishedFile, data_set, identify
from cfmt.data.schema import LARGEST, Source, Table
from cfmt.errors import DataError
from cfmt.files import sha256_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Part", "coded_words", "load_nsl_kdd", "load_nsl_kdd_file"]

Part: TypeAlias = Literal["train", "test", "test-21"]


def load_nsl_kdd(folder: Path | str) -> tuple[Table, Table]:
    """Load the official split.

    Parameters
    ----------
    folder : Path or str
        Holds ``KDDTrain+.txt`` and ``KDDTest+.txt``, plain or with ``.gz`` after their names.

    Returns
    -------
    train, test : Table
        125,973 and 22,544 rows, where the files are the published ones.

    Raises
    ------
    DataError
        If a file is missing, damaged or not what it should be.

    Warns
    -----
    DataWarning
        If a file can be used, and is not the published one.

    Examples
    --------
    >>> import warnings
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data import load_nsl_kdd, load_synthetic, to_nsl_kdd_text
    >>> table, _ = load_synthetic(80, 0, seed=0)
    >>> text = to_nsl_kdd_text(table.take(np.flatnonzero(table.is_attack == 0)))  # a label of both parts
    >>> with TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
    ...     for name in ("KDDTrain+.txt", "KDDTest+.txt"):
    ...         _ = Path(folder, name).write_text(text)
    ...     [(part.name, part.n_rows) for part in load_nsl_kdd(folder)]
    [('nsl-kdd', 33), ('nsl-kdd', 33)]
    """
    if Path(folder).is_file():
        raise DataError(
            f"{folder}: is one file, and a test on training rows says nothing; give the folder with both "
            "parts, or split it by --split types or random"
        )
    train, test = load_nsl_kdd_file(folder, part="train"), load_nsl_kdd_file(folder, part="test")
    if train.attack_types != test.attack_types:
        raise DataError(f"{folder}: one part has binary labels and the other has not; give two of a kind")
    return train, test


def load_nsl_kdd_file(path: Path | str, part: Part = "train") -> Table:
    """Load one file.

    Every line must have the 43 published columns, a known attack type, and numbers from 0 to 1e100. The
    difficulty, which is the last column, is not a feature and is left out.

    Parameters
    ----------
    path : Path or str
        The file, plain or gzip-compressed, or the folder that holds the published file of that part.
    part : {"train", "test", "test-21"}, default="train"
        What the file is for. A file of another part is refused, by its SHA-256 or, where it is not a
        published file, by attack types that this part does not have.

    Returns
    -------
    Table
        Its vocabularies are the sorted values in this file; its attack types are ``ATTACK_TYPES``.

    Raises
    ------
    DataError
        If the file is missing, damaged, empty or of another part, or a line is not as it should be: the
        message then names the line, counted from 1.

    Warns
    -----
    DataWarning
        If the file can be used, and is not the published one.

    Examples
    --------
    >>> import warnings
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data import load_nsl_kdd_file, load_synthetic, to_nsl_kdd_text
    >>> with TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
    ...     path = Path(folder, "rows.txt")
    ...     _ = path.write_text(to_nsl_kdd_text(load_synthetic(80, 0, seed=0)[0]))
    ...     load_nsl_kdd_file(path, part="train").numeric.shape
    (80, 38)
    """
    path = _resolve(Path(path), _published(part))
    content = read_bytes(path)
    sha256 = sha256_of(content)
    known = identify(sha256)
    if known is not None and known not in _files(part):
        raise DataError(
            f"{path}: holds the published {known.name}, which is not a {part} file of NSL-KDD; "
            f"give {_published(part).name}"
        )
    frame = _read(content, path, known)
    name = "kdd-cup-99" if known is None and _is_kdd_cup_99(content) else "nsl-kdd"
    _refuse_other_part(frame["attack_type"].to_list(), part, path)
    if name == "kdd-cup-99":
        warnings.warn(
            f"{path}: is KDD Cup 1999, not NSL-KDD; {data_set(name).flaws[0]}", DataWarning, stacklevel=2
        )
        source = Source(path.name.removesuffix(".gz"), sha256, frame.height)
    else:
        source = _source(path, sha256, frame.height, known, part)
    return replace(_table(frame, source), name=name)


def _is_kdd_cup_99(content: bytes) -> bool:
    """Tell whether the labels of the first lines end in a dot, as those of KDD Cup 1999 do."""
    lines = content[: 1 << 16].splitlines()[:-1] or content.splitlines()
    return bool(lines) and all(line.rstrip(b"\"' ").endswith(b".") for line in lines[1:20] or lines)


def _files(part: Part) -> tuple[PublishedFile, ...]:
    """Return the published files of a part; there may be none."""
    return tuple(file for file in data_set("nsl-kdd").files if file.part == part)


def _published(part: Part) -> PublishedFile:
    """Return the whole published file of a part; an unknown part is a ``DataError``."""
    files = _files(part)
    if not files:
        raise DataError(f"part must be train, test or test-21, got {part!r}")
    return files[0]


def _resolve(path: Path, published: PublishedFile) -> Path:
    """Return the file to read: the path itself, or where it is a folder, the published file in it."""
    if not path.is_dir():
        return path
    found = find_file(path, published.name)
    if found is None:
        from cfmt.data.nsl_kdd_variants import find_part  # and the readers of any format: rarely needed

        found = find_part(path, published.part)
        if found is None:
            held = ", ".join(sorted(one.name for one in path.iterdir())[:12]) or "nothing"
            raise DataError(
                f"{path}: holds neither {published.name} nor {published.name}.gz, "
                f"the {published.part} part of NSL-KDD; it holds {held}"
            )
        warnings.warn(
            f"{path}: {found.relative_to(path)} stands for {published.name}", DataWarning, stacklevel=3
        )
    return found


def _read(content: bytes, path: Path, known: PublishedFile | None) -> pl.DataFrame:
    """Read the rows: as published, or else in a layout that people made of it, which is then told."""
    try:
        frame = _parse(content, path)
        if known is not None or not any(
            frame[name].str.contains("[\"']").any() for name in SCHEMA.categorical
        ):
            return frame
    except DataError as error:
        fault = error
    else:
        fault = DataError(f"{path}: holds quoted words; write them without quotes")
    from cfmt.data.nsl_kdd_variants import read_variant
    from cfmt.data.readers.text import refuse_binary

    refuse_binary(content[:64], str(path))
    try:
        variant, differences = read_variant(path)
        sound = _checked(variant)
    except DataError:
        raise fault from None
    if sound is None or not differences:
        raise fault
    warnings.warn(f"{path}: is read as NSL-KDD with {' and '.join(differences)}", DataWarning, stacklevel=4)
    return sound


def _checked(variant: pl.DataFrame) -> pl.DataFrame | None:
    """Turn the texts of a variant into the columns of the published files; None where a cell is not sound."""
    import polars as pl

    numeric = [pl.col(name).cast(pl.Float64, strict=False) for name in (*SCHEMA.numeric, "difficulty")]
    frame = variant.with_columns(numeric)
    known = FAMILY_OF.keys() if "attack" not in frame["attack_type"] else {"normal", "attack"}
    return frame if _is_sound(frame, known) else None


def _is_sound(frame: pl.DataFrame, labels: Collection[str]) -> bool:
    """Whether no cell is missing, each number is allowed, and each label is one of those given."""
    import polars as pl

    numbers = frame.select(SCHEMA.numeric)
    return bool(
        frame.null_count().sum_horizontal().item() == 0
        and numbers.select(pl.all_horizontal(pl.all().is_between(0, LARGEST).all())).item()
        and set(frame["attack_type"].unique()) <= set(labels)
    )


def _parse(content: bytes, path: Path) -> pl.DataFrame:
    """Parse all lines at once; where that shows any fault, look for the first faulty line."""
    import polars as pl

    if not content.strip():
        raise DataError(f"{path}: is empty; fetch it again")
    schema = {name: pl.Float64 if name in SCHEMA.numeric else pl.String for name in COLUMNS}
    try:
        frame = pl.read_csv(io.BytesIO(content), has_header=False, schema=schema, quote_char=None)
    except pl.exceptions.PolarsError as error:
        raise first_fault(content, path) from error
    if not _is_sound(frame, FAMILY_OF.keys()):
        raise first_fault(content, path)
    return frame


def _refuse_other_part(labels: list[str], part: Part, path: Path) -> None:
    """Raise where a label occurs that the published part does not have, as in the other part's file."""
    foreign = ONLY_IN_TEST if part == "train" else ONLY_IN_TRAINING
    line, label = next(((line, label) for line, label in enumerate(labels, 1) if label in foreign), (0, ""))
    if label:
        other = "test" if part == "train" else "train"
        raise DataError(
            f"{path}: line {line}: attack type {label} occurs only in the {other} part, so this is not "
            f"a {part} file; give {_published(part).name}, or split your own rows by --split types or random"
        )


def _source(path: Path, sha256: str, n_rows: int, known: PublishedFile | None, part: Part) -> Source:
    """Describe the file that was read; warn where it is not the published one of this part."""
    expected = _published(part)
    own_name = path.name.removesuffix(".gz")
    if known is None:
        warnings.warn(
            f"{path}: is not the published {expected.name}: expected {expected.n_rows} rows and sha256 "
            f"{expected.sha256}, got {n_rows} rows and sha256 {sha256}",
            DataWarning,
            stacklevel=3,
        )
        return Source(own_name, sha256, n_rows, published=False)
    if known != expected and own_name == expected.name:
        warnings.warn(
            f"{path}: expected {expected.n_rows} rows and sha256 {expected.sha256}, got the published "
            f"{known.name} with {n_rows} rows and sha256 {sha256}",
            DataWarning,
            stacklevel=3,
        )
    return Source(known.name, sha256, n_rows, published=True)


def _table(frame: pl.DataFrame, source: Source) -> Table:
    """Encode checked columns as a table; vocabularies hold the words that occur, sorted."""
    categorical, words = coded_words(frame)
    is_binary = "attack" in frame["attack_type"]
    types, families = (("normal", "attack"),) * 2 if is_binary else (ATTACK_TYPES, FAMILIES)
    family_of = FAMILY_OF if not is_binary else {name: name for name in types}
    attack_type = _codes_of(frame["attack_type"], types)
    family = np.array([families.index(family_of[name]) for name in types], dtype=np.int64)[attack_type]
    return Table(
        schema=SCHEMA,
        numeric=np.ascontiguousarray(frame.select(SCHEMA.numeric).to_numpy()),
        categorical=categorical,
        vocabularies=words,
        attack_type=attack_type,
        attack_types=types,
        family=family,
        families=families,
        is_attack=(family != families.index("normal")).astype(np.uint8),
        name="nsl-kdd",
        sources=(source,),
    )


def coded_words(frame: pl.DataFrame) -> tuple[npt.NDArray[np.int64], tuple[tuple[str, ...], ...]]:
    """Return the codes of the categorical columns, shape (n_rows, n_categorical), and their sorted words."""
    words = tuple(tuple(sorted(frame[name].unique())) for name in SCHEMA.categorical)
    codes = [_codes_of(frame[name], known) for name, known in zip(SCHEMA.categorical, words, strict=True)]
    return np.stack(codes, axis=1), words


def _codes_of(column: pl.Series, words: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Turn words into their places among known ones, shape (n_rows,)."""
    import polars as pl

    return column.cast(pl.Enum(words)).to_physical().to_numpy().astype(np.int64)
