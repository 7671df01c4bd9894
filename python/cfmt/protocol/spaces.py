"""What a search may change of each method: the keys, and from where their values are drawn.

Every method gets the same number of trials, whatever the size of its space, and the first of them is the
configuration as it is. Keys that say how much a client computes are in no space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np

from cfmt.streams import generator

__all__ = ["Among", "LogUniform", "Space", "Uniform", "describe_space", "draw_trial", "space_of"]


@dataclass(frozen=True)
class Among:
    """One of some values, all as likely.

    Parameters
    ----------
    values : tuple of object
        The values.
    """

    values: tuple[Any, ...]

    def draw(self, draws: np.random.Generator) -> Any:
        """Draw a value."""
        return self.values[int(draws.integers(len(self.values)))]


@dataclass(frozen=True)
class Uniform:
    """A number between two others.

    Parameters
    ----------
    low, high : float
        The bounds.
    """

    low: float
    high: float

    def draw(self, draws: np.random.Generator) -> float:
        """Draw a number, rounded to three digits that count."""
        return float(f"{draws.uniform(self.low, self.high):.3g}")


@dataclass(frozen=True)
class LogUniform:
    """A number between two others, every order of magnitude as likely.

    Parameters
    ----------
    low, high : float
        The bounds, above 0.
    """

    low: float
    high: float

    def draw(self, draws: np.random.Generator) -> float:
        """Draw a number, rounded to three digits that count."""
        return float(f"{np.exp(draws.uniform(np.log(self.low), np.log(self.high))):.3g}")


Space: TypeAlias = Mapping[str, Among | Uniform | LogUniform]

# What every method has. Drawn first and in this order, so the n-th trials of two methods agree in it.
_SHARED: Space = {
    "preprocessing.scaling": Among(("zscore", "quantile")),
    "training.learning_rate": LogUniform(0.03, 1.0),
    "methods.weighting": Among(("rows", "sqrt", "equal")),
}
_PROXIMAL: Space = {"methods.prox_mu": LogUniform(0.001, 0.3)}
# Clients receive the global model: what mixes in their cluster's lost on held-out types by tenths, whatever
# the rest; that look was CFMT's alone, beside its trials.
_CFMT: Space = {
    "cfmt.policy": Among(("learned", "fixed")),
    "cfmt.mu": Uniform(0.0, 1.0),
    "cfmt.sigma": LogUniform(0.2, 1.0),
    "cfmt.budget": Among(("under", "matched")),
    "cfmt.minority_mu": Among(("none", 1.0)),
    "cfmt.k": Among(("none", 3)),
    "cfmt.cluster_weighting": Among(("rows", "equal")),
}
_OWN: Mapping[str, Space] = {"fedprox": _PROXIMAL, "cfmt": {**_PROXIMAL, **_CFMT}}


def space_of(method: str) -> Space:
    """Return the space of a method.

    Parameters
    ----------
    method : str
        Its name; an ablation has the space of CFMT.

    Returns
    -------
    mapping of str to Among, Uniform or LogUniform
        By section and key, with a point between.
    """
    return {**_SHARED, **_OWN.get("cfmt" if method.startswith("cfmt-") else method, {})}


def draw_trial(space: Space, trial: int, *, seed: int) -> dict[str, Any]:
    """Draw the values of a trial.

    Parameters
    ----------
    space : mapping of str to Among, Uniform or LogUniform
        What may change.
    trial : int
        Number of the trial; 0 changes nothing.
    seed : int
        Seed of the search.

    Returns
    -------
    dict of str to object
        Values by section and key, with a point between; the same whatever trials are drawn beside it.
    """
    if trial == 0:
        return {}
    draws = generator(seed, "exploration", item=trial)
    return {key: values.draw(draws) for key, values in space.items()}


def describe_space(space: Space) -> dict[str, dict[str, Any]]:
    """Write a space as what JSON can hold.

    Parameters
    ----------
    space : mapping of str to Among, Uniform or LogUniform
        What may change.

    Returns
    -------
    dict of str to dict of str to object
        For each key its kind and bounds or values.
    """
    return {key: {"kind": type(values).__name__, **asdict(values)} for key, values in space.items()}
