"""The multilayer perceptron in torch: one row of flat parameters per model in a stack of models."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import torch
from torch import Tensor

from cfmt.mlp import MLP

__all__ = ["Layers", "draw", "forward", "layers_of"]


class Layers(NamedTuple):
    """Parameters of a stack of ``g`` models, layer by layer.

    Parameters
    ----------
    w1 : Tensor of shape (g, hidden, n_features)
        Weights of the hidden layer.
    b1 : Tensor of shape (g, hidden)
        Biases of the hidden layer.
    w2 : Tensor of shape (g, n_outputs, hidden)
        Weights of the output layer.
    b2 : Tensor of shape (g, n_outputs)
        Biases of the output layer.
    """

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor

    def first(self, n_models: int) -> Layers:
        """Return views of the first ``n_models`` models of the stack."""
        return Layers(self.w1[:n_models], self.b1[:n_models], self.w2[:n_models], self.b2[:n_models])


def layers_of(mlp: MLP, models: Tensor) -> Layers:
    """View flat models as layers; nothing is copied.

    Parameters
    ----------
    mlp : MLP
        Their shape.
    models : Tensor of shape (g, n_params)
        One model per row.

    Returns
    -------
    Layers

    Raises
    ------
    ValueError
        If the rows have another length than ``n_params``.
    """
    if models.ndim != 2 or models.shape[1] != mlp.n_params:
        raise ValueError(f"models must have shape (g, {mlp.n_params}), got {tuple(models.shape)}")
    ends = itertools.accumulate((math.prod(shape) for shape in mlp.shapes), initial=0)
    parts = [models[:, start:end] for start, end in itertools.pairwise(ends)]
    return Layers(*(part.view(-1, *shape) for part, shape in zip(parts, mlp.shapes, strict=True)))


def draw(mlp: MLP, generator: torch.Generator, dtype: torch.dtype) -> Tensor:
    """Draw a flat model of shape (n_params,): each layer uniform within the shape's bounds."""
    return torch.cat(
        [
            torch.empty(math.prod(shape), dtype=dtype).uniform_(-bound, bound, generator=generator)
            for shape, bound in zip(mlp.shapes, mlp.bounds, strict=True)
        ]
    )


def forward(
    layers: Layers, X: Tensor, *, hidden: Tensor | None = None, outputs: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Apply each model of a stack to its own rows.

    Parameters
    ----------
    layers : Layers
        The models.
    X : Tensor of shape (g, n_rows, n_features)
        Rows of each model.
    hidden : Tensor of shape (g, n_rows, hidden), optional
        Buffer for the hidden units; with buffers there is no gradient.
    outputs : Tensor of shape (g, n_rows, n_outputs), optional
        Buffer for the outputs.

    Returns
    -------
    hidden : Tensor of shape (g, n_rows, hidden)
        The rectified hidden units.
    outputs : Tensor of shape (g, n_rows, n_outputs)
        The outputs, before any squashing.
    """
    hidden = torch.baddbmm(layers.b1.unsqueeze(1), X, layers.w1.mT, out=hidden).relu_()
    outputs = torch.baddbmm(layers.b2.unsqueeze(1), hidden, layers.w2.mT, out=outputs)
    return hidden, outputs
