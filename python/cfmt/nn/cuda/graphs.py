"""CUDA graphs: the kernels of a step are recorded once, and launched together each time after."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol

import torch

__all__ = ["CudaRecorder", "Launcher", "Recorder", "recorder_for"]


class Recorder(Protocol):
    """Makes recordings of functions that read and write buffers which stay where they are."""

    def rehearse(self, function: Callable[[], None]) -> None:
        """Run a function before it is recorded, so that what it needs is loaded by then."""
        ...

    def record(self, function: Callable[[], None]) -> Callable[[], None]:
        """Record a function without running it; return what plays the recording."""
        ...


class CudaRecorder:
    """Recordings as CUDA graphs, which must be played one after the other.

    They share their memory for intermediate results: none outlives a playing, so their order is free. They
    must go together, since torch clears a stream's workspace of cuBLAS with any graph captured on it.

    Parameters
    ----------
    device : torch.device
        A CUDA device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call] # torch has no types for it
        self._pool = torch.cuda.graph_pool_handle()

    def rehearse(self, function: Callable[[], None]) -> None:
        """Run a function on the stream on which it will be recorded."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            function()
        current.wait_stream(self._stream)

    def record(self, function: Callable[[], None]) -> Callable[[], None]:
        """Capture a function's kernels; return what launches them on the current stream."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(self._device), torch.cuda.graph(graph, self._pool, self._stream):
            function()
        replay: Callable[[], None] = graph.replay
        return replay


class Launcher:
    """Runs functions: as they are written, or from the second time on, which records them, as recordings.

    Parameters
    ----------
    recorder : Recorder or None
        Makes the recordings; None for a device that has none.
    """

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder
        self._recordings: dict[Hashable, Callable[[], None] | None] = {}

    def __call__(self, key: Hashable, function: Callable[[], None]) -> None:
        """Run a function.

        Parameters
        ----------
        key : hashable
            Functions with the same key must do the same to the same buffers.
        function : callable
            Has neither arguments nor a result, and reads nothing of the device on the host.
        """
        if self._recorder is None:
            function()
        elif key not in self._recordings:
            self._recorder.rehearse(function)
            self._recordings[key] = None
        else:
            recording = self._recordings[key] or self._recorder.record(function)
            self._recordings[key] = recording
            recording()


def recorder_for(device: torch.device) -> Recorder | None:
    """Return what makes recordings on a device; None for one without graphs."""
    return CudaRecorder(device) if device.type == "cuda" else None
