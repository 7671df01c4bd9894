"""Choosing the engine by its name."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.nn.device import DeviceEngine
from cfmt.nn.engine import TorchEngine, find_device
from cfmt.nn.mlp import MLP
from cfmt.nn.native import NativeEngine
from cfmt.nn.protocol import Engine

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
    ValueError
        If there is no such engine or device, or the native engine is asked for a GPU.
    """
    if name not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {name!r}")
    on_gpu = find_device(device).type != "cpu"
    if name == "native" and on_gpu:
        raise ValueError(
            f'engine "native" runs on the processor only, got device {device!r}; use engine "torch"'
        )
    if on_gpu:
        return DeviceEngine(mlp, X, is_attack, device=device, group_size=group_size)
    options: dict[str, Any] = {} if group_size is None else {"group_size": group_size}
    if name == "torch":
        return TorchEngine(mlp, X, is_attack, **options)
    return NativeEngine(mlp, X, is_attack, **options)
