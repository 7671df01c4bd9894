"""What the keys of an experiment may be: types with their bounds, and the marks of their options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from cfmt.metrics import threshold_rules

__all__ = ["Allowed", "ApiName", "Common", "Option"]


@dataclass(frozen=True)
class Allowed:
    """What a type of value allows, in the words of its errors."""

    text: str


@dataclass(frozen=True)
class Option:
    """The names of a key's command-line option, where they are not the key's own.

    Examples
    --------
    >>> from cfmt.config import Option, section_fields
    >>> [mark.names for mark in section_fields("seeds")["first"].metadata if isinstance(mark, Option)]
    [('seed',)]
    """

    names: tuple[str, ...]
    metavar: str = ""


@dataclass(frozen=True)
class ApiName:
    """What the library calls a key, where that is not the key's own name."""

    name: str


@dataclass(frozen=True)
class Common:
    """A key that most people set: the short help of a command shows its option.

    Examples
    --------
    >>> from cfmt.config import Common, section_fields
    >>> fields = section_fields("training").items()
    >>> [key for key, field in fields if any(isinstance(mark, Common) for mark in field.metadata)]
    ['rounds', 'threads']
    """


# TOML has no null and no tuples: the word "none" and lists stand for them.
_OR_NONE = BeforeValidator(lambda value: None if value == "none" else value)
_LIST = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)

_PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_AboveZero = Annotated[int, Field(ge=1)]
_OpenShare = Annotated[float, Field(gt=0, lt=1)]

Positive = Annotated[_PositiveFloat, Allowed("a finite number > 0")]
PositiveOrNone = Annotated[_PositiveFloat | None, _OR_NONE, Allowed("a finite number > 0, or none")]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), Allowed("a finite number >= 0")]
Share = Annotated[float, Field(ge=0, le=1), Allowed("a number in [0, 1]")]
ShareOrNone = Annotated[
    Annotated[float, Field(ge=0, le=1)] | None, _OR_NONE, Allowed("a number in [0, 1], or none")
]
ShareAboveZero = Annotated[float, Field(gt=0, le=1), Allowed("a number in (0, 1]")]
ShareBelowOne = Annotated[float, Field(ge=0, lt=1), Allowed("a number in [0, 1)")]
OpenShare = Annotated[_OpenShare, Allowed("a number in (0, 1)")]
Count = Annotated[_AboveZero, Allowed("a whole number >= 1")]
CountOrNone = Annotated[_AboveZero | None, _OR_NONE, Allowed("a whole number >= 1, or none")]
CountOrZero = Annotated[int, Field(ge=0), Allowed("a whole number >= 0")]
Flag = Annotated[bool, Field(strict=True), Allowed("true or false")]
Seed = Annotated[int, Field(ge=0, lt=2**63), Allowed("a whole number in [0, 2^63)")]
Prevalence = Annotated[
    _OpenShare | tuple[_OpenShare, _OpenShare] | None,
    _OR_NONE,
    _LIST,
    Allowed("a number in (0, 1), a range low,high of such numbers, or none"),
]
CountRange = Annotated[
    tuple[_AboveZero, _AboveZero] | None,
    _OR_NONE,
    _LIST,
    Allowed("a range low,high of whole numbers >= 1, or none"),
]
Names = Annotated[tuple[str, ...], Field(min_length=1), _LIST, Allowed("a list of names")]
Text = Annotated[str, Field(min_length=1), Allowed("a text that is not empty")]
Words = Annotated[tuple[str, ...], _LIST, Allowed("a list of texts")]


def _absolute(place: str) -> str:
    """Make a path absolute, so that a run can be resumed from elsewhere; names that are no path stay."""
    if not place.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in place):
        raise ValueError(f"paths must be UTF-8, got {place!r}; rename the file or folder")
    if place in ("", "synthetic", "drawn", "basic-10"):
        return place
    try:
        return str(Path(place).expanduser().absolute())
    except RuntimeError:  # nobody has the name behind ~, so it is the file's own
        return str(Path(place).absolute())


Place = Annotated[str, AfterValidator(_absolute), Allowed("a path")]
Source = Annotated[Text, AfterValidator(_absolute)]


def _canonical_rules(value: tuple[str, ...]) -> tuple[str, ...]:
    """Write threshold rules in their short form, so that equal rules are equal texts."""
    return tuple(str(rule) for rule in threshold_rules(",".join(value)))


ThresholdRules = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    _LIST,
    AfterValidator(_canonical_rules),
    Allowed("a list of rules"),
]


def declared(default: Any, description: str) -> Any:
    """Declare a key with its default and the sentence that the help shows."""
    return Field(default, description=description)
