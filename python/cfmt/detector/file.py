"""The detector as one file: parameters, preprocessing and threshold, which are of no use apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.errors import DataError, MissingExtraError
from cfmt.files import write_atomic
from cfmt.mlp import MLP
from cfmt.preprocessing import Preprocessor

__all__ = ["Detector", "load_detector", "save_detector"]

_FORMAT = 1
_KEY = "cfmt_detector"  # one entry, because safetensors writes several in no fixed order
_LABELS = {"1": "attack", "0": "normal"}
_LAYERS = ("hidden.weight", "hidden.bias", "output.weight", "output.bias")


@dataclass(frozen=True, eq=False)
class Detector:
    """A trained detector with all that it needs to score raw rows.

    Parameters
    ----------
    mlp : MLP
        Shape of the model.
    params : ndarray of shape (n_params,), float32
        Its parameters, flat.
    preprocessor : Preprocessor
        From raw rows to the model's features.
    threshold : float
        Score from which a row counts as an attack; infinite where none does.
    metadata : dict of str to object
        Whatever was said of the model when it was saved.
    """

    mlp: MLP
    params: npt.NDArray[np.float32]
    preprocessor: Preprocessor
    threshold: float
    metadata: dict[str, Any]


def save_detector(
    path: Path,
    model: npt.NDArray[np.float32],
    mlp: MLP,
    preprocessor: Preprocessor,
    threshold: float,
    metadata: Mapping[str, Any],
) -> None:
    """Write a detector as a safetensors file, whole or not at all; equal detectors are equal files.

    The parameters are tensors by layer. Everything else is JSON in the file's metadata: format version,
    preprocessing, threshold, the convention that 1 is an attack and 0 normal traffic.

    Parameters
    ----------
    path : Path
        File to write or replace.
    model : ndarray of shape (n_params,), float32
        Parameters, flat.
    mlp : MLP
        Shape of the model.
    preprocessor : Preprocessor
        Fitted preprocessing, with as many features as the model has inputs.
    threshold : float
        Score from which a row counts as an attack.
    metadata : mapping of str to object
        Anything else worth keeping that JSON can hold, such as data set, method and seed.

    Raises
    ------
    ValueError
        If parameters, shape and preprocessing do not fit each other, or the threshold is NaN.
    TypeError
        If the parameters are not float32, or JSON cannot hold the metadata.
    MissingExtraError
        If safetensors is not installed.
    OSError
        If the file cannot be written.
    """
    _check(model, mlp, preprocessor, threshold)
    header = {
        "format": _FORMAT,
        "labels": _LABELS,
        "mlp": asdict(mlp),
        "preprocessor": preprocessor.to_dict(),
        "threshold": repr(threshold),  # text, for JSON has no infinity
        "metadata": dict(metadata),
    }
    text = json.dumps(header, allow_nan=False, sort_keys=True)
    ends = np.cumsum([int(np.prod(shape)) for shape in mlp.shapes])[:-1]
    parts = zip(np.split(model, ends), mlp.shapes, strict=True)
    tensors = [np.ascontiguousarray(part.reshape(shape)) for part, shape in parts]
    content = _safetensors().numpy.save(dict(zip(_LAYERS, tensors, strict=True)), metadata={_KEY: text})
    write_atomic(path, content)


def load_detector(path: Path) -> Detector:
    """Read what :func:`save_detector` wrote, bit by bit.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Detector

    Raises
    ------
    DataError
        If the file is missing, damaged, no detector, or of a format that this version does not know.
    MissingExtraError
        If safetensors is not installed.
    """
    header, tensors = _read(path)
    found = header.get("format")
    if found != _FORMAT:
        raise DataError(
            f"{path}: has detector format {found!r}, this cfmt reads {_FORMAT}; use the cfmt that wrote it"
        )
    if header.get("labels") != _LABELS:
        raise DataError(f"{path}: has labels {header.get('labels')}, must be {_LABELS}; save the model again")
    try:
        mlp = MLP(**header["mlp"])
        detector = Detector(
            mlp=mlp,
            params=np.concatenate([tensors[name].reshape(-1) for name in _LAYERS]),
            preprocessor=Preprocessor.from_dict(header["preprocessor"]),
            threshold=float(header["threshold"]),
            metadata=header["metadata"],
        )
        _check(detector.params, mlp, detector.preprocessor, detector.threshold)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: is not a whole detector ({error}); save the model again") from error
    return detector


def _check(model: npt.NDArray[np.float32], mlp: MLP, preprocessor: Preprocessor, threshold: float) -> None:
    if model.dtype != np.float32:
        raise TypeError(f"model must be float32, got {model.dtype}; convert it with model.astype(np.float32)")
    if model.shape != (mlp.n_params,):
        raise ValueError(f"model must have shape ({mlp.n_params},) for {mlp}, got {model.shape}")
    if preprocessor.n_features != mlp.n_features:
        given = preprocessor.n_features
        raise ValueError(f"preprocessor must give {mlp.n_features} features for {mlp}, got {given}")
    if np.isnan(threshold):
        raise ValueError("threshold must be a number, got nan")


def _read(path: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    safetensors = _safetensors()
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except FileNotFoundError as error:
        raise DataError(f"{path}: is not there; give the path of a detector that cfmt saved") from error
    except (OSError, safetensors.SafetensorError) as error:
        raise DataError(f"{path}: is not a safetensors file, or is damaged ({error})") from error
    if _KEY not in metadata:
        raise DataError(f"{path}: is a safetensors file, but no detector that cfmt saved")
    header: dict[str, Any] = json.loads(metadata[_KEY])
    return header, tensors


def _safetensors() -> ModuleType:
    try:
        import safetensors
        import safetensors.numpy
    except ImportError as error:
        raise MissingExtraError(
            "detectors need safetensors; install it with: pip install 'cfmt[train]'"
        ) from error
    return safetensors
