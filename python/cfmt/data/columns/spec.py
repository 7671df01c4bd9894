"""What each column of a flow table is for: the part of a data set that people write, keep and enforce."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cfmt.data.schema import Schema
from cfmt.errors import DataError, listed, shown
from cfmt.files import read_text, read_toml_text, write_atomic

__all__ = ["OTHER", "Columns"]

OTHER = "(other)"
"""The word that stands for rare words of training, and for words that it did not have."""

_MISSING = "{} is missing"
_LISTS = ("numeric", "log1p", "missing", "ports", "kept", "normal")


@dataclass(frozen=True)
class Columns:
    """What each column of a flow table is for.

    Parameters
    ----------
    numeric : tuple of str
        Columns that are numeric features.
    words : dict of str to tuple of str
        Columns that are categorical features, each with the words that it keeps; every other word is
        ``OTHER``.
    log1p : tuple of str, default=()
        Numeric columns with heavy tails; a negative number there counts as missing.
    missing : tuple of str, default=()
        Numeric columns that may lack a value; each gets a feature that says so, and the value is 0.
    ports : tuple of str, default=()
        Columns of ``words`` that hold ports, which become service buckets.
    kept : tuple of str, default=()
        Columns that are no features and go through to the output: addresses, times, ids.
    label : str, default=""
        Column that tells attack from normal traffic; empty where nothing does.
    normal : tuple of str, default=()
        Values of ``label`` that are normal traffic, letter case aside.
    attack_type : str, default=""
        Column that names the attack; empty where the label does.
    reasons : dict of str to str
        Why a column is no feature, by column.
    view : str, default=""
        ``basic-10`` where the columns are those of :mod:`cfmt.data.basic`, to which each exporter's are
        mapped; empty where they are the table's own.

    Raises
    ------
    ValueError
        If a column has two uses, or a list names a column that is no feature of its kind.

    Examples
    --------
    >>> from cfmt.data.columns import Columns
    >>> columns = Columns(("bytes",), {"proto": ("tcp", "udp")}, missing=("bytes",))
    >>> columns.schema.numeric
    ('bytes', 'bytes is missing')
    """

    numeric: tuple[str, ...]
    words: dict[str, tuple[str, ...]]
    log1p: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    label: str = ""
    normal: tuple[str, ...] = ()
    attack_type: str = ""
    reasons: dict[str, str] = field(default_factory=dict)
    view: str = ""

    def __post_init__(self) -> None:
        uses = [*self.numeric, *self.words, *self.kept]
        twice = sorted({name for name in uses if uses.count(name) > 1} | ({self.label} & {*uses} - {""}))
        if twice:
            raise ValueError(f"a column must have one use, but {listed(twice)} has two; take it out of one")
        for name, of in (("log1p", self.numeric), ("missing", self.numeric), ("ports", tuple(self.words))):
            foreign = [column for column in getattr(self, name) if column not in of]
            if foreign:
                raise ValueError(f"{name} must name features of its kind, got {listed(foreign)}; take it out")
        if self.view not in ("", "basic-10"):
            raise ValueError(f"view must be empty or basic-10, got {shown(self.view)}")
        if not uses:
            raise ValueError("numeric and words must name at least one feature, got none")

    @property
    def schema(self) -> Schema:
        """Names of the features that come of these columns."""
        flags = tuple(_MISSING.format(name) for name in self.missing)
        return Schema(self.numeric + flags, tuple(self.words), self.log1p)

    @property
    def features(self) -> tuple[str, ...]:
        """Columns that a table must have for its rows to be scored."""
        return (*self.numeric, *self.words)

    def to_dict(self) -> dict[str, Any]:
        """Return the values as what JSON can hold."""
        values = asdict(self)
        if not self.view:
            del values["view"]
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Columns:
        """Take back what :meth:`to_dict` returned.

        Parameters
        ----------
        values : mapping
            As :meth:`to_dict` made it, perhaps by way of JSON or TOML; lists that are left out are empty.

        Returns
        -------
        Columns

        Raises
        ------
        DataError
            If a key is unknown, or a value is not what it should be.
        """
        unknown = sorted(set(values) - {*_LISTS, "words", "label", "attack_type", "reasons", "view"})
        if unknown:
            raise DataError(f"columns: unknown key {unknown[0]}; remove it")
        given = dict(values)
        for name in _LISTS:
            given[name] = tuple(_texts(name, given.get(name, ())))
        words, reasons = (_mapping(name, given.get(name, {})) for name in ("words", "reasons"))
        given["words"] = {name: tuple(_texts(f"words.{name}", kept)) for name, kept in words.items()}
        given["reasons"] = reasons
        try:
            return cls(**given)
        except ValueError as error:
            raise DataError(f"columns: {error}") from error

    def to_toml(self) -> str:
        """Write them as TOML, for people to read and change."""
        values = self.to_dict()
        tables = {name: values.pop(name) for name in ("words", "reasons")}
        lines = [f"{name} = {_toml(value)}" for name, value in values.items()]
        for name, table in tables.items():
            lines += ["", f"[{name}]", *(f"{_toml(key)} = {_toml(value)}" for key, value in table.items())]
        return "\n".join([*lines, ""])

    def save(self, path: Path | str) -> None:
        """Write a TOML file, whole or not at all."""
        write_atomic(Path(path), self.to_toml())

    @classmethod
    def load(cls, path: Path | str) -> Columns:
        """Read what :meth:`save` wrote, or a person.

        Parameters
        ----------
        path : Path or str
            The TOML file.

        Returns
        -------
        Columns

        Raises
        ------
        DataError
            If the file is missing, no TOML, or not what it should be.
        """
        try:
            return cls.from_dict(read_toml_text(read_text(Path(path))))
        except FileNotFoundError as error:
            raise DataError(f"{path}: no such file; give a schema that cfmt data schema wrote") from error
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror}; name a schema") from error
        except ValueError as error:
            raise DataError(f"{path}: {error}") from error


def _texts(name: str, value: Any) -> list[str]:
    """Refuse what is no list of texts."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise DataError(f"columns: {name} must be a list of texts, got {shown(value)}")
    return list(value)


def _mapping(name: str, value: Any) -> dict[str, Any]:
    """Refuse what is no table of keys."""
    if not isinstance(value, Mapping):
        raise DataError(f"columns: {name} must be a table, got {shown(value)}")
    return dict(value)


def _toml(value: Any) -> str:
    """Write a text or a list of texts; JSON's escapes are TOML's, DEL apart."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
