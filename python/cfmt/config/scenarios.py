"""Named settings in which methods are compared: the protocol of docs/results.md as values.

All scenarios have 100 clients of which a fifth takes part in a round, 100 rounds, the same number of local
steps for every method, and five seeds. They differ in how the rows are dealt out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

__all__ = ["SCENARIOS", "Scenario", "ScenarioName", "with_scenario"]

ScenarioName = Literal[
    "custom",
    "natural-dirichlet-0.5",
    "natural-dirichlet-0.1",
    "prevalence-5",
    "prevalence-1",
    "mixed-prevalence",
    "iid",
]

_COMMON: Mapping[str, Mapping[str, Any]] = {
    "partition": {"clients": 100, "on": "family", "size_alpha": "none", "min_size": 10},
    "training": {"rounds": 100, "cohort": 0.2, "steps": 20, "batch_size": 32},
    "seeds": {"first": 0, "count": 5},
}
_SKEW = 0.3  # of the scenarios that impose a prevalence, as in `make run`


@dataclass(frozen=True)
class Scenario:
    """A setting with a name.

    Parameters
    ----------
    name : str
        By which options, files and results call it.
    summary : str
        What is particular about it, in one line.
    partition : mapping of str to object
        Keys of the section ``partition`` beside those that all scenarios share.

    Examples
    --------
    >>> from cfmt.config import SCENARIOS
    >>> SCENARIOS["prevalence-1"].partition
    {'scheme': 'dirichlet', 'alpha': 0.3, 'prevalence': 0.01}
    >>> SCENARIOS["prevalence-1"].tree["training"]["rounds"]
    100
    """

    name: str
    summary: str
    partition: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tree(self) -> dict[str, dict[str, Any]]:
        """Every key that the scenario sets, by section."""
        tree = {section: dict(keys) for section, keys in _COMMON.items()}
        tree["partition"] |= self.partition
        return tree


def _dirichlet(alpha: float, prevalence: object = "none") -> dict[str, Any]:
    """Return the keys of ``partition`` that a scenario with Dirichlet shares sets."""
    return {"scheme": "dirichlet", "alpha": alpha, "prevalence": prevalence}


_KNOWN = (
    Scenario(
        "natural-dirichlet-0.5",
        "Dirichlet 0.5 over attack families, classes as frequent as in the training file (nearly balanced)",
        _dirichlet(0.5),
    ),
    Scenario(
        "natural-dirichlet-0.1",
        "Dirichlet 0.1 over attack families: most clients hold few families, many hold one class",
        _dirichlet(0.1),
    ),
    Scenario(
        "prevalence-5",
        f"Dirichlet {_SKEW} over attack families, attacks thinned to at most 5 % of a client's rows",
        _dirichlet(_SKEW, 0.05),
    ),
    Scenario(
        "prevalence-1",
        f"Dirichlet {_SKEW} over attack families, attacks thinned to at most 1 % of a client's rows",
        _dirichlet(_SKEW, 0.01),
    ),
    Scenario(
        "mixed-prevalence",
        f"Dirichlet {_SKEW} over attack families, each client with its own prevalence from 0.5 % to 50 %",
        _dirichlet(_SKEW, [0.005, 0.5]),
    ),
    Scenario(
        "iid", "all clients alike, classes as in the training file", {"scheme": "iid", "prevalence": "none"}
    ),
)

SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _KNOWN}
"""By name; ``custom``, which sets nothing, is none of them."""

assert {*SCENARIOS, "custom"} == set(get_args(ScenarioName))


def with_scenario(tree: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Lay the keys of the scenario that a tree names under the tree's own.

    Parameters
    ----------
    tree : mapping of str to mapping of str to object
        Keys by section; ``scenario`` may name a scenario, by itself or as its key ``name``.

    Returns
    -------
    dict of str to dict of str to object
        The same keys, and those that only the scenario sets. An unknown name adds nothing: the
        configuration refuses it.
    """
    if isinstance(tree.get("scenario"), str):  # as a file has it, above its sections
        tree = {**tree, "scenario": {"name": tree["scenario"]}}
    if not all(isinstance(keys, Mapping) for keys in tree.values()):
        return dict(tree)  # no tree of sections: the configuration refuses it
    name = tree.get("scenario", {}).get("name")
    if not isinstance(name, str) or name not in SCENARIOS:
        return {section: dict(keys) for section, keys in tree.items()}
    found = SCENARIOS[name].tree
    if tree.get("training", {}).get("epochs", "none") not in ("none", None):
        found["training"].pop("steps")  # epochs measure local work in their place
    return found | {section: found.get(section, {}) | dict(keys) for section, keys in tree.items()}
