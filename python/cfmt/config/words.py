"""Errors of the library in the words of the configuration: ``n_clients`` is ``partition.clients`` there."""

from __future__ import annotations

import re

from pydantic import BaseModel

from cfmt.config import sections
from cfmt.config.keys import ApiName
from cfmt.errors import ConfigError

__all__ = ["key_error"]

_SECTIONS: dict[str, type[BaseModel]] = {
    "partition": sections.PartitionConfig,
    "training": sections.TrainingConfig,
}


def key_error(section: str, error: ValueError) -> ConfigError:
    """Word an error of the library for those who set keys and options.

    Parameters
    ----------
    section : {"partition", "training"}
        The section whose values were refused.
    error : ValueError
        It names arguments of the library.

    Returns
    -------
    ConfigError
        It names keys, with their section. A name without an underscore is a plain word too, so it becomes
        a key only where the message starts with it.

    Examples
    --------
    >>> from cfmt.config import key_error
    >>> print(key_error("partition", ValueError("n_clients must be at least 1, got 0")))
    partition.clients must be at least 1, got 0
    """
    text = str(error)
    for key, field in _SECTIONS[section].model_fields.items():
        api = next((mark.name for mark in field.metadata if isinstance(mark, ApiName)), key)
        place = rf"(?<![\w.]){api}\b" if "_" in api else rf"^{api}\b"
        text = re.sub(place, f"{section}.{key}", text)
    return ConfigError(text if text.startswith(f"{section}.") else f"{section}: {text}")
