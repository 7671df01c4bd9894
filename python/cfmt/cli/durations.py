"""Options that are lengths of time."""

from __future__ import annotations

import re
from datetime import timedelta

from cfmt.errors import ConfigError

__all__ = ["duration"]

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_FORM = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def duration(option: str, text: str) -> timedelta:
    """Read a length of time.

    Parameters
    ----------
    option : str
        Where it was given, for messages.
    text : str
        A number and a unit: ms, s, m, h or d.

    Returns
    -------
    timedelta

    Raises
    ------
    ConfigError
        If it is none, is 0, or is longer than 365 days.
    """
    found = _FORM.fullmatch(text.strip())
    value = float(found[1]) if found else 0.0
    length = timedelta(**{_UNITS[found[2]]: value}) if found and value < 1e9 else timedelta()
    if not timedelta() < length <= timedelta(days=365):
        raise ConfigError(f"{option} {text!r}: must be a time above 0, such as 30s, 5m or 1h")
    return length
