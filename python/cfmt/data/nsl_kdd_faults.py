"""Which line of a file in NSL-KDD's format is not as it should be, and why."""

from __future__ import annotations

import math
import re
from pathlib import Path

from cfmt.data.nsl_kdd_schema import ATTACK_TYPES, COLUMNS, FAMILY_OF, SCHEMA
from cfmt.data.schema import LARGEST
from cfmt.errors import DataError, shown

__all__ = ["feature_fault", "first_fault"]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)


def first_fault(content: bytes, path: Path) -> DataError:
    """Make the error that names the first line that is not as it should be."""
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n"), start=1):
        fields = line.removesuffix(b"\r").decode(errors="backslashreplace").split(",")
        fault = _fault(fields)
        if fault:
            return DataError(f"{path}: line {number}: {fault}")
    return DataError(f"{path}: is not a text of lines with {len(COLUMNS)} columns; fetch it again")


def _fault(fields: list[str]) -> str | None:
    """Say what is wrong with the fields of a line, or None; features come before the label."""
    if fields == [""]:
        return "is blank; remove it"
    if len(fields) != len(COLUMNS):
        return (
            f"has {len(fields)} columns, expected {len(COLUMNS)}: 41 features, attack type and difficulty, "
            "split by commas"
        )
    fault = feature_fault(fields)
    if fault:
        return fault
    if fields[-2] not in FAMILY_OF:
        return (
            f"column attack_type must be one of NSL-KDD's {len(ATTACK_TYPES)} labels "
            f"({', '.join(ATTACK_TYPES)}), got {shown(fields[-2])}"
        )
    return None


def feature_fault(fields: list[str]) -> str | None:
    """Say what is wrong with the first faulty field of a line; None where nothing is."""
    for name, value in zip(COLUMNS, fields, strict=False):
        fault = _number_fault(value) if name in SCHEMA.numeric else _word_fault(value)
        if fault:
            return f"column {name} {fault}, got {shown(value)}"
    return None


def _word_fault(value: str) -> str | None:
    """Say what is wrong with a categorical value, or None: any word that is not empty will do."""
    return None if value else "must not be missing"


def _number_fault(value: str) -> str | None:
    """Say what is wrong with a numeric value, or None: it must be finite and in [0, ``_MOST``]."""
    if not _NUMBER.fullmatch(value):
        return "must be a number"
    if not math.isfinite(float(value)):
        return "must be finite"
    if float(value) > LARGEST:
        return f"must be at most {LARGEST:g}"
    return "must not be negative" if float(value) < 0 else None
