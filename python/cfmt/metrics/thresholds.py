"""Rules by which a threshold is chosen on histograms of scores, and their short names.

``fpr:0.05`` bounds the false-positive rate, ``f1`` maximises F1, ``cost:fn=10,fp=1`` minimises what missed
attacks and false alerts cost. A rule sees the summed histograms of the clients' validation rows and no row.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TypeAlias

from cfmt.errors import ConfigError
from cfmt.metrics.histograms import threshold_at_fpr, threshold_for_cost, threshold_for_f1
from cfmt.typing import CountArray

__all__ = ["AtFpr", "BestF1", "LeastCost", "ThresholdRule", "threshold_rule", "threshold_rules"]


_NUMBER = r"[0-9.]+(?:[eE][+-]?[0-9]+)?"
_NEXT_RULE = re.compile(r",\s*(?=[A-Za-z][A-Za-z0-9]*(?:$|[:,]))")  # a cost has a comma of its own
_FORMS = "fpr:RATE, f1 or cost:fn=COST,fp=COST"


@dataclass(frozen=True)
class AtFpr:
    """The lowest threshold that keeps the false-positive rate within a bound.

    Parameters
    ----------
    fpr : float, default=0.05
        The bound, in (0, 1).

    Examples
    --------
    >>> from cfmt.metrics import AtFpr
    >>> rule = AtFpr(0.01)
    >>> str(rule), rule.choose(np.array([0, 1, 1, 2]), np.array([90, 6, 3, 1]))
    ('fpr:0.01', 0.75)
    """

    fpr: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.fpr < 1:
            raise ConfigError(f"threshold fpr:RATE takes a RATE in (0, 1), got {self.fpr:g}; write fpr:0.05")

    def __str__(self) -> str:
        return f"fpr:{self.fpr:g}"

    def choose(self, positive: CountArray, negative: CountArray) -> float:
        """Choose the threshold; see :func:`cfmt.metrics.threshold_at_fpr`."""
        return threshold_at_fpr(positive, negative, self.fpr)


@dataclass(frozen=True)
class BestF1:
    """The threshold with the highest F1 of attacks.

    Examples
    --------
    >>> from cfmt.metrics import BestF1
    >>> BestF1().choose(np.array([0, 1, 9, 9]), np.array([90, 6, 1, 0]))
    0.5
    """

    def __str__(self) -> str:
        return "f1"

    def choose(self, positive: CountArray, negative: CountArray) -> float:
        """Choose the threshold; see :func:`cfmt.metrics.threshold_for_f1`."""
        return threshold_for_f1(positive, negative)


@dataclass(frozen=True)
class LeastCost:
    """The threshold at which missed attacks and false alerts cost least.

    Parameters
    ----------
    fn, fp : float
        Cost of a missed attack and of a false alert, in any unit; not negative, not both 0.

    Examples
    --------
    >>> from cfmt.metrics import LeastCost
    >>> rule = LeastCost(fn=10, fp=1)
    >>> str(rule), rule.choose(np.array([0, 1, 9, 9]), np.array([90, 6, 1, 0]))
    ('cost:fn=10,fp=1', 0.25)
    """

    fn: float
    fp: float

    def __post_init__(self) -> None:
        costs = (self.fn, self.fp)
        if not (all(math.isfinite(cost) and cost >= 0 for cost in costs) and any(costs)):
            raise ConfigError(
                f"threshold cost:fn=COST,fp=COST takes costs >= 0 that are not both 0, got {self}; "
                "write cost:fn=10,fp=1"
            )

    def __str__(self) -> str:
        return f"cost:fn={self.fn:g},fp={self.fp:g}"

    def choose(self, positive: CountArray, negative: CountArray) -> float:
        """Choose the threshold; see :func:`cfmt.metrics.threshold_for_cost`."""
        return threshold_for_cost(positive, negative, fn=self.fn, fp=self.fp)


ThresholdRule: TypeAlias = AtFpr | BestF1 | LeastCost


def threshold_rule(text: str) -> ThresholdRule:
    """Read a rule.

    Parameters
    ----------
    text : str
        ``fpr:RATE``, ``f1`` or ``cost:fn=COST,fp=COST``.

    Returns
    -------
    AtFpr, BestF1 or LeastCost

    Raises
    ------
    ConfigError
        If the text is no rule, or a number is out of range.

    Examples
    --------
    >>> from cfmt.metrics import threshold_rule
    >>> threshold_rule("cost:fn=10,fp=1")
    LeastCost(fn=10.0, fp=1.0)
    """
    text = text.strip()
    if text == "f1":
        return BestF1()
    try:
        if rate := re.fullmatch(rf"fpr:({_NUMBER})", text):
            return AtFpr(float(rate[1]))
        if costs := re.fullmatch(rf"cost:fn=({_NUMBER}),\s*fp=({_NUMBER})", text):
            return LeastCost(float(costs[1]), float(costs[2]))
    except ConfigError:
        raise
    except ValueError:
        pass  # two points in a number
    raise ConfigError(f"threshold must be {_FORMS}, got {text!r}; write fpr:0.05, f1 or cost:fn=10,fp=1")


def threshold_rules(text: str) -> tuple[ThresholdRule, ...]:
    """Read rules with commas between.

    Parameters
    ----------
    text : str
        As in ``fpr:0.05,f1,cost:fn=10,fp=1``.

    Returns
    -------
    tuple of AtFpr, BestF1 or LeastCost
        In order.

    Raises
    ------
    ConfigError
        If a rule cannot be read, or stands there twice.

    Examples
    --------
    >>> from cfmt.metrics import threshold_rules
    >>> threshold_rules("fpr:0.05,f1,cost:fn=10,fp=1")
    (AtFpr(fpr=0.05), BestF1(), LeastCost(fn=10.0, fp=1.0))
    """
    rules = tuple(threshold_rule(part) for part in _NEXT_RULE.split(text))
    twice = sorted({str(rule) for rule in rules if rules.count(rule) > 1})
    if twice:
        raise ConfigError(f"threshold must name each rule once, got {twice[0]} again; drop it")
    return rules
