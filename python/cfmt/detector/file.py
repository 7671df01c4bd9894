"""The detector's file: tensors by layer, and everything else as JSON in the header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from cfmt.errors import DataError
from cfmt.files import write_atomic
from cfmt.strict_json import loads

__all__ = ["LAYERS", "read_file", "write_file"]

LAYERS = ("hidden.weight", "hidden.bias", "output.weight", "output.bias")
_KEY = "cfmt_detector"  # one entry, because safetensors writes several in no fixed order
_MOST_TEXT = 1 << 26  # characters of the header: quantiles of many features take some millions


def write_file(path: Path, header: Mapping[str, Any], tensors: dict[str, npt.NDArray[np.float32]]) -> None:
    """Write header and tensors, whole or not at all; equal content is an equal file."""
    text = json.dumps(header, allow_nan=False, sort_keys=True)
    write_atomic(path, safetensors.numpy.save(tensors, metadata={_KEY: text}))


def read_file(path: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Read header and tensors; a ``DataError`` if the file is missing, damaged or no detector."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in LAYERS if name in file.keys()}  # noqa: SIM118 - no mapping
    except FileNotFoundError as error:
        raise DataError(f"{path}: is not there; give the path of a detector that cfmt saved") from error
    except (OSError, safetensors.SafetensorError) as error:
        raise DataError(
            f"{path}: is not a safetensors file, or is damaged ({error}); fetch it again"
        ) from error
    text = metadata.get(_KEY)
    if text is None:
        raise DataError(f"{path}: is a safetensors file, but no detector; give one that cfmt saved")
    if len(text) > _MOST_TEXT:
        raise DataError(
            f"{path}: has a header of {len(text):,} characters, {_MOST_TEXT:,} at most; save it again"
        )
    try:
        header = loads(text)
    except ValueError as error:
        raise DataError(f"{path}: has a damaged header ({error}); save the model again") from error
    if not isinstance(header, dict):
        raise DataError(f"{path}: has a header that is no object; save the model again")
    return header, tensors
