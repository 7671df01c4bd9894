"""The engine over torch: base table in, scores and updates of clients out, group by group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cfmt.mlp import MLP
from cfmt.nn.checks import check_group, check_models, check_rows, check_table
from cfmt.nn.cuda.precision import full_precision
from cfmt.nn.torch_mlp import forward, layers_of
from cfmt.nn.torch_threads import map_in_order
from cfmt.nn.torch_training import train_stacked
from cfmt.nn.values import Group, GroupResult, LocalTraining
from cfmt.ragged import Ragged
from cfmt.sampling import batch_plan

__all__ = ["TorchEngine"]

T = TypeVar("T")
R = TypeVar("R")

# Extents of the pieces of work. They are constants because a client's bits may depend on them.
ROWS_PER_PIECE = 2048
ROWS_PER_TILE = 64


class TorchEngine:
    """Engine over torch, on a processor or a GPU.

    The base table lies on the device once; each step gathers the rows that it needs. On a processor,
    groups are trained in parallel on as many threads as torch has when the engine is made, each on one
    thread: the results have the same bits for any number of threads. Grouping changes no more than the
    rounding.

    Parameters
    ----------
    mlp : MLP
        Shape of the models.
    X : ndarray of shape (n_rows, n_features), float32
        Rows of the base table, all finite. Not copied if it can be helped: do not write to it.
    y : ndarray of shape (n_rows,), uint8
        1 for attack, 0 for normal.
    device : str, default="cpu"
        Torch's name of a device, or ``"auto"`` for a GPU where there is one.
    group_size : int, default=32
        Clients that are trained in the same products.

    Raises
    ------
    TypeError
        If an array has another type than stated.
    ValueError
        If shapes do not fit, a feature is not finite, a label is neither 0 nor 1, the device is not
        there, or the group size is below 1.
    """

    def __init__(
        self,
        mlp: MLP,
        X: npt.NDArray[np.float32],
        y: npt.NDArray[np.uint8],
        *,
        device: str = "cpu",
        group_size: int = 32,
    ) -> None:
        check_table(mlp, X, y)
        if group_size < 1:
            raise ValueError(f"group_size must be at least 1, got {group_size}")
        self._mlp = mlp
        self._labels = y
        self._device = find_device(device)
        self._X = self._tensor(X)
        self._y = self._tensor(y)
        self._group_size = group_size
        self._n_threads = torch.get_num_threads()

    @property
    def mlp(self) -> MLP:
        """Shape of the models."""
        return self._mlp

    @property
    def device(self) -> torch.device:
        """Where the base table lies."""
        return self._device

    def scores(self, models: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Score every row of the base table by each model; see :meth:`Engine.scores`."""
        check_models(self._mlp, models)
        layers = layers_of(self._mlp, self._tensor(models))
        result = np.empty((len(models), len(self._X)), np.float32)

        def score(start: int) -> None:
            """Score a piece of the table by all models, and write it to its columns of the result."""
            piece = self._X[start : start + ROWS_PER_PIECE]
            _, logits = forward(layers, piece.expand(len(models), -1, -1))
            result[:, start : start + len(piece)] = _probabilities(logits)

        for _ in self._map(score, range(0, len(self._X), ROWS_PER_PIECE)):
            pass
        return result

    def train(self, group: Group, local: LocalTraining) -> Iterator[GroupResult]:
        """Train clients, some of them at a time; see :meth:`Engine.train`."""
        check_group(self._mlp, group, len(self._X))
        received = self._tensor(group.models)

        def train(positions: npt.NDArray[np.int64]) -> GroupResult:
            """Train the clients at some positions as one stack of models."""
            own = group.take(positions)
            plan = batch_plan(
                own.rows.offsets,
                batch_size=local.batch_size,
                epochs=local.epochs,
                steps=local.steps,
                seed=own.seed,
                round=own.round,
                clients=own.clients,
            )
            deltas, losses = train_stacked(
                self._mlp,
                self._X,
                self._y,
                self._tensor(_base_rows(plan, own.rows)),
                received,
                self._tensor(own.model_index),
                local,
                positive_weight=self._tensor(local.positive_weights(self._labels, own.rows)),
            )
            return GroupResult(positions, deltas.cpu().numpy(), losses.cpu().numpy())

        return self._map(train, self._groups(local.n_steps(group.rows.sizes)))

    def client_scores(
        self, models: npt.NDArray[np.float32], rows: Ragged[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Score each client's rows by the client's own model; see :meth:`Engine.client_scores`."""
        check_models(self._mlp, models)
        check_rows(rows, len(self._X))
        if len(models) != rows.n_clients:
            raise ValueError(
                f"models must hold one model per client, got {len(models)} for {rows.n_clients} clients"
            )
        result = np.empty(len(rows.values), np.float32)

        def score(positions: npt.NDArray[np.int64]) -> None:
            """Score the rows of some clients, and write the scores to their places in the result."""
            self._score_group(models[positions], positions, rows, result)

        for _ in self._map(score, self._groups(rows.sizes)):
            pass
        return result

    def _score_group(
        self,
        models: npt.NDArray[np.float32],
        positions: npt.NDArray[np.int64],
        rows: Ragged[np.int64],
        result: npt.NDArray[np.float32],
    ) -> None:
        """Write the scores of clients in descending order of size, one tile of rows of each at a time."""
        layers = layers_of(self._mlp, self._tensor(models))
        sizes = rows.sizes[positions]
        for start in range(0, int(sizes.max()), ROWS_PER_TILE):
            g = int((sizes > start).sum())
            row = start + np.arange(ROWS_PER_TILE)
            real = row < sizes[:g, None]
            places = rows.offsets[positions[:g], None] + np.minimum(row, sizes[:g, None] - 1)
            tile = self._X[self._tensor(rows.values[places])]
            _, logits = forward(layers.first(g), tile)
            result[places[real]] = _probabilities(logits)[real]

    def _groups(self, n_steps: npt.NDArray[np.int64]) -> Iterable[npt.NDArray[np.int64]]:
        """Group the cohort's positions by number of steps, most first, so that little is padded."""
        order = np.argsort(-n_steps, kind="stable")
        return (order[i : i + self._group_size] for i in range(0, len(order), self._group_size))

    def _map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Apply ``function`` to pieces of work: on threads on a processor, in turn on a GPU."""
        if self._device.type == "cpu":
            return map_in_order(function, items, self._n_threads)
        return map(full_precision()(function), items)

    def _tensor(self, array: npt.NDArray[np.generic]) -> Tensor:
        """Put an array on the device; copy a read-only or strided one, which torch does not take."""
        fit = array.flags.writeable and array.flags.c_contiguous
        return torch.from_numpy(array if fit else array.copy(order="C")).to(self._device)


def _base_rows(plan: npt.NDArray[np.int64], rows: Ragged[np.int64]) -> npt.NDArray[np.int64]:
    """Turn a plan over positions in ``rows`` into one over rows of the base table.

    Columns that are padding for every client, since none has so many rows, are left out.
    """
    width = int((plan >= 0).sum(2).max(initial=0))
    return np.append(rows.values, -1)[plan[:, :, :width]]  # -1 is the position of the appended -1


def _probabilities(logits: Tensor) -> npt.NDArray[np.float32]:
    """Turn logits of shape (m, n, 1) into probabilities on the processor, shape (m, n)."""
    probabilities: npt.NDArray[np.float32] = torch.sigmoid(logits).squeeze(2).cpu().numpy()
    return probabilities


def find_device(name: str) -> torch.device:
    """Return torch's device of a name; ``auto`` is a GPU where torch sees one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f'device must be "auto", "cpu" or "cuda", got {name!r}') from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f'device {name!r} is not there: torch sees no GPU; use "cpu" or "auto"')
    return device
