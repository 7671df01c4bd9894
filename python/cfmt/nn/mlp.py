"""The multilayer perceptron, as a flat vector of parameters: one row per model in a stack of models."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cfmt.streams import derive_seed

__all__ = ["MLP", "Layers", "forward"]


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


@dataclass(frozen=True)
class MLP:
    """One hidden layer of rectified units: the shape of a model, without its parameters.

    A model is a flat vector that holds ``w1``, ``b1``, ``w2`` and ``b2`` in this order, each row by row.

    Parameters
    ----------
    n_features : int
        Inputs.
    hidden : int, default=128
        Units of the hidden layer.
    n_outputs : int, default=1
        Outputs; the detector has one logit.

    Raises
    ------
    ValueError
        If a number is below 1.
    """

    n_features: int
    hidden: int = 128
    n_outputs: int = 1

    def __post_init__(self) -> None:
        for name in ("n_features", "hidden", "n_outputs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of ``w1``, ``b1``, ``w2`` and ``b2`` of one model."""
        return (
            (self.hidden, self.n_features),
            (self.hidden,),
            (self.n_outputs, self.hidden),
            (self.n_outputs,),
        )

    @property
    def n_params(self) -> int:
        """Length of the flat vector."""
        return sum(math.prod(shape) for shape in self.shapes)

    def views(self, models: Tensor) -> Layers:
        """View flat models as layers; nothing is copied.

        Parameters
        ----------
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
        if models.ndim != 2 or models.shape[1] != self.n_params:
            raise ValueError(f"models must have shape (g, {self.n_params}), got {tuple(models.shape)}")
        ends = itertools.accumulate((math.prod(shape) for shape in self.shapes), initial=0)
        parts = [models[:, start:end] for start, end in itertools.pairwise(ends)]
        return Layers(*(part.view(-1, *shape) for part, shape in zip(parts, self.shapes, strict=True)))

    def initial(self, seed: int) -> npt.NDArray[np.float32]:
        """Draw a model with the distribution of ``torch.nn.Linear``.

        Parameters
        ----------
        seed : int
            Seed of the whole run.

        Returns
        -------
        ndarray of shape (n_params,), float32
        """
        generator = torch.Generator().manual_seed(derive_seed(seed, "initialisation"))
        model: npt.NDArray[np.float32] = self.draw(generator, torch.float32).numpy()
        return model

    def draw(self, generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        """Draw a flat model of shape (n_params,): each layer uniform within 1 / sqrt(its inputs)."""
        bounds = (self.n_features, self.n_features, self.hidden, self.hidden)
        return torch.cat(
            [
                torch.empty(math.prod(shape), dtype=dtype).uniform_(
                    -1 / math.sqrt(n_inputs), 1 / math.sqrt(n_inputs), generator=generator
                )
                for shape, n_inputs in zip(self.shapes, bounds, strict=True)
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
