"""JSON that every parser reads: no NaN and no bare infinities, which measured figures do have."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["dumps", "loads", "numbers", "plain"]


def plain(value: Any) -> Any:
    """Turn figures into what JSON can hold.

    Parameters
    ----------
    value : object
        Numbers, text, None, numpy scalars and arrays, and mappings and sequences of them.

    Returns
    -------
    object
        With None for NaN, and ``"Infinity"`` or ``"-Infinity"`` for an infinity: a threshold is
        infinite where no score is high enough for an alert.
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, str):  # a path may hold bytes that are no UTF-8
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    return value


def numbers(value: Any) -> Any:
    """Undo :func:`plain` for a value in which None stands for NaN.

    Parameters
    ----------
    value : object
        Parsed JSON: numbers, text, None, infinities as text, and objects and arrays of them.

    Returns
    -------
    object
        With NaN for None.
    """
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    if value is None:
        return math.nan
    return float(value) if value in ("Infinity", "-Infinity") else value


def loads(text: str | bytes) -> Any:
    """Parse JSON of which nothing is known.

    Parameters
    ----------
    text : str or bytes
        Bytes are in UTF-8, 16 or 32.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If it is no JSON, is nested too deeply or has a number of thousands of digits.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Write a value as strictly valid JSON.

    Parameters
    ----------
    value : object
        See :func:`plain`.
    indent : int or None, default=None
        Spaces of each level; None writes one line.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If the value holds something that JSON cannot.
    """
    return json.dumps(plain(value), allow_nan=False, ensure_ascii=False, indent=indent)
