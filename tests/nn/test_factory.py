"""Choosing an engine: what is not there is named, and the processor's engine asks torch for nothing."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from cfmt.errors import MissingExtraError
from cfmt.mlp import MLP
from cfmt.nn import NativeEngine, make_engine
from cfmt.nn.threads import set_threads, wanted_threads
from cfmt.nn.torch_engine import TorchEngine

TABLE = np.zeros((2, 1), np.float32), np.zeros(2, np.uint8)


def test_engines_by_name() -> None:
    assert isinstance(make_engine("auto", MLP(1), *TABLE), NativeEngine)
    assert isinstance(make_engine("native", MLP(1), *TABLE, device="auto"), NativeEngine)
    assert isinstance(make_engine("torch", MLP(1), *TABLE, group_size=3), TorchEngine)
    with pytest.raises(ValueError, match="engine must be one of auto, native, torch, got 'fast'"):
        make_engine("fast", MLP(1), *TABLE)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a CUDA device")
def test_a_device_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="torch sees no GPU"):
        make_engine("native", MLP(1), *TABLE, device="cuda")


def test_auto_asks_torch_where_there_may_be_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    engine = make_engine("auto", MLP(1), *TABLE, device="auto")
    assert isinstance(engine, NativeEngine) != torch.cuda.is_available()


def test_the_native_engine_takes_the_processor_beside_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert isinstance(make_engine("native", MLP(1), *TABLE, device="auto"), NativeEngine)
    with pytest.raises(ValueError, match=r"native.* runs on the processor only, got device 'cuda'"):
        make_engine("native", MLP(1), *TABLE, device="cuda")


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cfmt.nn.torch_engine", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'cfmt\[torch\]'"):
        make_engine("torch", MLP(1), *TABLE)


def test_threads_are_set_and_remembered() -> None:
    before = torch.get_num_threads()
    try:
        set_threads(1)
        assert (wanted_threads(), torch.get_num_threads()) == (1, 1)
    finally:
        set_threads(before)
    with pytest.raises(ValueError, match="n_threads must be at least 1, got 0"):
        set_threads(0)
