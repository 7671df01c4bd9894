"""The engine for a GPU: a cohort is trained, summed and scored without leaving the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cfmt.mlp import MLP
from cfmt.nn.checks import check_group, check_models, check_rows, check_weighting, diverged
from cfmt.nn.cuda.graphs import recorder_for
from cfmt.nn.cuda.grouping import cut, group_size_for, rounded
from cfmt.nn.cuda.precision import full_precision
from cfmt.nn.cuda.stack import Stack
from cfmt.nn.cuda.upload import upload
from cfmt.nn.torch_engine import TorchEngine
from cfmt.nn.torch_mlp import forward, layers_of
from cfmt.nn.values import Group, LocalTraining, Summed, Weighting
from cfmt.ragged import Ragged
from cfmt.sampling import batch_plan

__all__ = ["DeviceEngine"]

# Extents of what is scored at once.
ROWS_PER_PIECE = 1 << 18
CLIENTS_PER_PIECE = 4096


class DeviceEngine(TorchEngine):
    """Engine over torch whose rounds stay on the device; made for a GPU, and the same code on a processor.

    The host makes the plans of a group while the device trains the group before; only sums, losses and
    scores come back. The steps are CUDA graphs on a GPU. Everything is added in a fixed order, without
    atomics. The results differ from those of :class:`TorchEngine` on a processor by the rounding.

    Parameters
    ----------
    mlp : MLP
        Shape of the models; must have one output.
    X : ndarray of shape (n_rows, n_features), float32
        Rows of the base table, all finite.
    y : ndarray of shape (n_rows,), uint8
        1 for attack, 0 for normal.
    device : str, default="auto"
        Torch's name of a device, or ``"auto"`` for a GPU where there is one.
    group_size : int or None, default=None
        Clients that are trained in the same products; None takes as many as fill half of a GPU's memory
        that is free when training starts, and 32 on a processor.

    Raises
    ------
    TypeError
        If an array has another type than stated.
    ValueError
        As for :class:`TorchEngine`, or if the model has more than one output.
    """

    def __init__(
        self,
        mlp: MLP,
        X: npt.NDArray[np.float32],
        y: npt.NDArray[np.uint8],
        *,
        device: str = "auto",
        group_size: int | None = None,
    ) -> None:
        if mlp.n_outputs != 1:
            raise ValueError(f"mlp must have one output, got n_outputs={mlp.n_outputs}; use TorchEngine")
        super().__init__(mlp, X, y, device=device, group_size=32 if group_size is None else group_size)
        self._fills_memory = group_size is None and self._device.type == "cuda"
        self._free_bytes: int | None = None
        self._stack: Stack | None = None

    @full_precision()
    def scores(self, models: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Score every row of the base table by each model; see :meth:`Engine.scores`."""
        check_models(self._mlp, models)
        layers = layers_of(self._mlp, self._tensor(models))
        result = self._X.new_empty(len(models), len(self._X))
        n_rows = max(1, ROWS_PER_PIECE // max(1, len(models)))
        for start in range(0, len(self._X), n_rows):
            piece = self._X[start : start + n_rows]
            _, logits = forward(layers, piece.expand(len(models), -1, -1))
            result[:, start : start + n_rows] = torch.sigmoid(logits).squeeze(2)
        return _host(result)

    @full_precision()
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
        values, scores = self._place_for_scores(rows)
        for start in range(0, rows.n_clients, CLIENTS_PER_PIECE):
            at = np.arange(start, min(start + CLIENTS_PER_PIECE, rows.n_clients))
            self._score(self._tensor(models[at]), at, rows, values, scores)
        return _host(scores[:-1])

    @full_precision()
    @torch.no_grad()
    def train_and_sum(
        self,
        group: Group,
        local: LocalTraining,
        weighting: Weighting,
        *,
        scored_rows: Ragged[np.int64] | None = None,
    ) -> Summed:
        """Train clients and sum the updates of each cluster; see :meth:`SummingEngine.train_and_sum`."""
        check_group(self._mlp, group, len(self._X))
        check_weighting(weighting, group.n_clients, self._mlp.n_params)
        empty = Ragged.from_sizes(group.clients[:0], np.zeros_like(group.clients))
        scored = empty if scored_rows is None else scored_rows
        check_rows(scored, len(self._X))
        received, sums = self._tensor(group.models), self._sums(weighting)
        scored_values, scores = self._place_for_scores(scored)
        n_steps = local.n_steps(group.rows.sizes)
        order = np.argsort(-n_steps, kind="stable")
        losses = torch.empty(len(order), dtype=torch.float64, device=self._device)
        for piece, stack in self._groups_and_stack(n_steps[order], local):
            at = order[piece]
            losses[piece] = self._train_group(
                stack, received, group.take(at), local, weighting.take(at), sums
            )
            self._score(stack.trained, at, scored, scored_values, scores)
        in_given_order = np.empty(len(order))
        in_given_order[order] = _host(losses)
        summed = Summed(_host(sums), in_given_order, _host(scores[:-1]))
        if not np.isfinite(summed.sums).all():
            lost = group.clients[(group.rows.sizes > 0) & ~np.isfinite(in_given_order)]
            who = f"client {lost[0]}" if len(lost) else f"one of {group.n_clients} clients"
            raise diverged(f"the update of {who}", group.round)
        return summed

    def _train_group(
        self,
        stack: Stack,
        models: Tensor,
        group: Group,
        local: LocalTraining,
        weighting: Weighting,
        sums: Tensor,
    ) -> Tensor:
        """Train clients that stand in descending number of steps, and add to the sums; return mean losses."""
        rows = group.rows
        plan = batch_plan(
            rows.offsets,
            batch_size=local.batch_size,
            epochs=local.epochs,
            steps=local.steps,
            seed=group.seed,
            round=group.round,
            clients=group.clients,
        )
        width = min(local.batch_size, rounded(int(rows.sizes.max())))  # no batch has more rows
        n_steps = local.n_steps(rows.sizes)
        shares = (np.arange(weighting.n_clusters)[:, np.newaxis] == weighting.clusters) * weighting.weights
        there = upload(
            self._device,
            plan[:, :, :width],
            np.append(rows.values, -1),  # -1, the padding of the plan, is the position of the -1
            group.model_index,
            local.positive_weights(self._labels, rows),
            shares,
            n_steps,
        )
        positions, values, received, attack_weights, own_shares, steps = there
        stack.begin(models, received, attack_weights)
        n_active = np.searchsorted(-n_steps, -np.arange(plan.shape[1]), side="left").tolist()
        stack.train(values[positions.transpose(0, 1)].contiguous(), n_active, local)
        stack.add_updates(sums, own_shares)
        return stack.losses / steps

    def _groups_and_stack(
        self, n_steps: npt.NDArray[np.int64], local: LocalTraining
    ) -> Iterator[tuple[slice, Stack]]:
        """Cut clients in descending number of steps into groups, and make room for the largest."""
        if not len(n_steps):
            return
        size_for = self._size_for(local)
        groups = list(cut(n_steps, size_for))
        largest, most = max(g.stop - g.start for g in groups), size_for(int(n_steps[-1]))
        stack = self._stack
        if stack is None or stack.capacity < largest or stack.batch_size < local.batch_size:
            stack = self._stack = None  # its memory and its recordings go before the new one's come
            capacity = min(1 << (largest - 1).bit_length(), most)  # so that it seldom has to grow
            recorder = recorder_for(self._device)
            stack = Stack(self._mlp, self._X, self._y, capacity, local.batch_size, recorder)
            self._stack = stack
        for group in groups:
            yield group, stack

    def _size_for(self, local: LocalTraining) -> Callable[[int], int]:
        """Return what says how many clients a group has by the number of steps of its first."""
        if not self._fills_memory:
            return lambda _: self._group_size
        if self._free_bytes is None:
            self._free_bytes = torch.cuda.mem_get_info(self._device)[0]
        return partial(group_size_for, self._free_bytes, self._mlp, local.batch_size)

    def _sums(self, weighting: Weighting) -> Tensor:
        """Bring the sums to the device, or begin with zeros."""
        if weighting.start is not None:
            return self._tensor(weighting.start).clone()
        shape = (weighting.n_clusters, self._mlp.n_params)
        return torch.zeros(shape, dtype=torch.float64, device=self._device)

    def _place_for_scores(self, rows: Ragged[np.int64]) -> tuple[Tensor, Tensor]:
        """Bring rows to the device and make room for their scores; the last place is for padding."""
        (values,) = upload(self._device, np.append(rows.values, 0))
        return values, self._X.new_empty(len(values))

    def _score(
        self,
        models: Tensor,
        at: npt.NDArray[np.int64],
        rows: Ragged[np.int64],
        values: Tensor,
        scores: Tensor,
    ) -> None:
        """Write the scores of the rows of clients at some positions, each by its own model."""
        sizes = rows.sizes[at]
        order = np.argsort(-sizes, kind="stable")[: np.count_nonzero(sizes)]
        own, starts, ends = upload(self._device, order, rows.offsets[at[order]], rows.offsets[at[order] + 1])
        for piece in cut(sizes[order], lambda n: max(1, min(CLIENTS_PER_PIECE, ROWS_PER_PIECE // n))):
            columns = torch.arange(int(sizes[order[piece.start]]), device=self._device)
            places = starts[piece, None] + columns
            places.masked_fill_(places >= ends[piece, None], len(values) - 1)
            _, logits = forward(layers_of(self._mlp, models[own[piece]]), self._X[values[places]])
            scores[places] = torch.sigmoid(logits).squeeze(2)


def _host(tensor: Tensor) -> npt.NDArray[Any]:
    """Wait for a result and copy it to the host."""
    result: npt.NDArray[Any] = tensor.cpu().numpy()
    return result
