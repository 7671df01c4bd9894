"""Choosing the engine by its name."""

from __future__ import annotations

import ctypes
import importlib.util
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.errors import MissingExtraError
from cfmt.mlp import MLP
from cfmt.nn.engine import Engine
from cfmt.nn.native import NativeEngine

__all__ = ["ENGINES", "make_engine"]

ENGINES = ("auto", "native", "torch")


def make_engine(
    name: str,
    mlp: MLP,
    X: npt.NDArray[np.float32],
    is_attack: npt.NDArray[np.uint8],
    *,
    device: str = "cpu",
    group_size: int | None = None,
) -> Engine:
    """Make the engine that trains and scores models over a table.

    Parameters
    ----------
    name : {"auto", "native", "torch"}
        ``native`` is the compiled trainer, the fastest on a processor. ``torch`` is the reference on a
        processor, :class:`TorchEngine`, and on a GPU, which only it can use, :class:`DeviceEngine`.
        ``auto`` takes ``torch`` on a GPU and ``native`` elsewhere.
    mlp : MLP
        Shape of the models.
    X : ndarray of shape (n_rows, n_features), float32
        Rows of the table.
    is_attack : ndarray of shape (n_rows,), uint8
        Their labels.
    device : str, default="cpu"
        Torch's name of a device, or ``"auto"`` for a GPU where there is one.
    group_size : int or None, default=None
        Clients that are trained in one call; None is the engine's own choice.

    Returns
    -------
    Engine

    Raises
    ------
    MissingExtraError
        If the engine or the device needs torch, which is not installed.
    ValueError
        If there is no such engine or device, or the native engine is asked for a GPU.

    Examples
    --------
    >>> from cfmt.mlp import MLP
    >>> from cfmt.nn import make_engine
    >>> X, is_attack = np.zeros((5, 2), np.float32), np.zeros(5, np.uint8)
    >>> engine = make_engine("native", MLP(2, hidden=3), X, is_attack)
    >>> engine.scores(np.zeros((1, engine.mlp.n_params), np.float32))
    array([[0.5, 0.5, 0.5, 0.5, 0.5]], dtype=float32)
    """
    if name not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {name!r}")
    options: dict[str, Any] = {} if group_size is None else {"group_size": group_size}
    if (name, device) == ("native", "auto") or (name != "torch" and not _may_be_gpu(device)):
        return NativeEngine(mlp, X, is_attack, **options)
    try:
        from cfmt.nn.torch_engine import TorchEngine, find_device
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"engine {name!r} on device {device!r} needs torch: pip install 'cfmt[torch]'"
        ) from error
    on_gpu = find_device(device).type != "cpu"
    if name == "native" and on_gpu:
        raise ValueError(
            f'engine "native" runs on the processor only, got device {device!r}; use engine "torch"'
        )
    if on_gpu:
        from cfmt.nn.cuda.engine import DeviceEngine

        return DeviceEngine(mlp, X, is_attack, device=device, group_size=group_size)
    if name == "torch":
        return TorchEngine(mlp, X, is_attack, **options)
    return NativeEngine(mlp, X, is_attack, **options)


def _may_be_gpu(device: str) -> bool:
    """Whether torch has to be asked for a device: a processor needs none, nor does a machine without CUDA."""
    if device == "cpu":
        return False
    if device != "auto":
        return True
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return importlib.util.find_spec("torch") is not None
