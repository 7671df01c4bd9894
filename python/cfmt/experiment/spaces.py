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

__all__ = ["Among", "LogUniform", "Space", "Uniform", "describe_space", "draw_near", "draw_trial", "space_of"]


_STEP = 0.2  # of the range of a number
_CHANGED = 1 / 3  # of the keys, on average


def _rounded(number: float) -> float:
    """Round to three significant digits, as a person would write the value."""
    return float(f"{number:.3g}")


@dataclass(frozen=True)
class Among:
    """One of some values, all as likely.

    Parameters
    ----------
    values : tuple of object
        The values.

    Examples
    --------
    >>> from cfmt.experiment.spaces import Among
    >>> draws = np.random.default_rng(0)
    >>> Among(("under", "matched")).near("under", draws)
    'matched'
    """

    values: tuple[Any, ...]

    def draw(self, draws: np.random.Generator) -> Any:
        """Draw a value."""
        return self.values[int(draws.integers(len(self.values)))]

    def near(self, value: Any, draws: np.random.Generator) -> Any:
        """Draw one of the other values."""
        return Among(tuple(other for other in self.values if other != value)).draw(draws)


@dataclass(frozen=True)
class Uniform:
    """A number between two others.

    Parameters
    ----------
    low, high : float
        The bounds.

    Examples
    --------
    >>> from cfmt.experiment.spaces import Uniform
    >>> draws = np.random.default_rng(0)
    >>> 0 <= Uniform(0.0, 1.0).near(0.95, draws) <= 1
    True
    """

    low: float
    high: float

    def draw(self, draws: np.random.Generator) -> float:
        """Draw a number, rounded to three digits that count."""
        return _rounded(draws.uniform(self.low, self.high))

    def near(self, value: float, draws: np.random.Generator) -> float:
        """Take a normal step of a fifth of the range, at most to its end."""
        step = _STEP * (self.high - self.low)
        return _rounded(np.clip(value + step * draws.standard_normal(), self.low, self.high))


@dataclass(frozen=True)
class LogUniform:
    """A number between two others, every order of magnitude as likely.

    Parameters
    ----------
    low, high : float
        The bounds, above 0.

    Examples
    --------
    >>> from cfmt.experiment.spaces import LogUniform
    >>> draws, space = np.random.default_rng(0), LogUniform(0.001, 1.0)
    >>> round(sum(space.draw(draws) < 0.01 for _ in range(3000)) / 3000, 1)  # one of three magnitudes
    0.3
    """

    low: float
    high: float

    def draw(self, draws: np.random.Generator) -> float:
        """Draw a number, rounded to three digits that count."""
        return _rounded(np.exp(draws.uniform(np.log(self.low), np.log(self.high))))

    def near(self, value: float, draws: np.random.Generator) -> float:
        """Take a normal step of a fifth of the range, in logarithms and at most to its end."""
        step = _STEP * np.log(self.high / self.low)
        return _rounded(np.clip(value * np.exp(step * draws.standard_normal()), self.low, self.high))


Space: TypeAlias = Mapping[str, Among | Uniform | LogUniform]

# What every method has. Drawn first and in this order, so the n-th trials of two methods agree in it.
_SHARED: Space = {
    "preprocessing.scaling": Among(("zscore", "quantile")),
    "training.learning_rate": LogUniform(0.03, 1.0),
    "methods.weighting": Among(("rows", "sqrt", "equal")),
}
_PROXIMAL: Space = {"methods.prox_mu": LogUniform(0.001, 0.3)}
# Clients receive the global model: mixing in their cluster's lost tenths of ROC-AUC on types left out,
# whatever the other settings were. Only CFMT was looked at in this way, beside its trials.
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

    Examples
    --------
    >>> from cfmt.experiment.spaces import space_of
    >>> sorted({*space_of("fedprox")} - {*space_of("fedavg")})
    ['methods.prox_mu']
    >>> space_of("cfmt-no-prox") == space_of("cfmt")
    True
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

    Examples
    --------
    >>> from cfmt.experiment.spaces import draw_trial, space_of
    >>> draw_trial(space_of("fedavg"), 0, seed=0)
    {}
    >>> sorted(draw_trial(space_of("fedavg"), 1, seed=0))
    ['methods.weighting', 'preprocessing.scaling', 'training.learning_rate']
    """
    if trial == 0:
        return {}
    draws = generator(seed, "exploration", item=trial)
    return {key: values.draw(draws) for key, values in space.items()}


def draw_near(space: Space, keys: Mapping[str, Any], trial: int, *, seed: int) -> dict[str, Any]:
    """Change some values of a trial, one of them at least.

    Parameters
    ----------
    space : mapping of str to Among, Uniform or LogUniform
        What may change.
    keys : mapping of str to object
        Values of the trial to start from, by section and key; those it lacks are drawn afresh.
    trial : int
        Number of the new trial.
    seed : int
        Seed of the search.

    Returns
    -------
    dict of str to object
        Values by section and key, with a point between.

    Examples
    --------
    >>> from cfmt.experiment.spaces import draw_near, draw_trial, space_of
    >>> space = space_of("fedavg")
    >>> best = draw_trial(space, 1, seed=0)
    >>> moved = draw_near(space, best, 2, seed=0)
    >>> 1 <= sum(moved[key] != best[key] for key in space) <= len(space)
    True
    """
    draws = generator(seed, "exploration", item=trial)
    changed = draws.random(len(space)) < _CHANGED
    changed[draws.integers(len(space))] = True
    moved = {
        key: values.near(keys[key], draws) if key in keys else values.draw(draws)
        for (key, values), moves in zip(space.items(), changed, strict=True)
        if moves or key not in keys
    }
    return {**keys, **moved}


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

    Examples
    --------
    >>> from cfmt.experiment.spaces import LogUniform, describe_space
    >>> describe_space({"methods.prox_mu": LogUniform(0.001, 0.3)})
    {'methods.prox_mu': {'kind': 'LogUniform', 'low': 0.001, 'high': 0.3}}
    """
    return {key: {"kind": type(values).__name__, **asdict(values)} for key, values in space.items()}
