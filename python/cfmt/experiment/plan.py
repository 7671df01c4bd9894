"""What each method of an experiment runs with: its settings, and federations that equal methods share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cfmt.config import ExperimentConfig, for_method
from cfmt.experiment.clients import federation_builder

if TYPE_CHECKING:
    from cfmt.data import Table
    from cfmt.federated.federation import Federation
    from cfmt.federated.methods import Method
    from cfmt.federated.simulation import Settings

__all__ = ["Planned", "plan_methods"]

_SHAPE_A_FEDERATION = ("partition", "preprocessing")


@dataclass(frozen=True, eq=False)
class Planned:
    """A method with everything that it runs with.

    Parameters
    ----------
    config : ExperimentConfig
        Of this method alone.
    method : Method
        The method.
    settings : Settings
        Its settings, which are the shared ones but for what is tuned.
    build : callable
        From a seed to the Federation, which methods that prepare rows alike share.

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.plan import plan_methods
    >>> train, test = load_synthetic(600, 50, seed=0)
    >>> config = build_config({"partition": {"clients": 5}, "methods": {"names": ["fedavg", "fed-over"]}})
    >>> one, other = plan_methods(config, train, (test,), print)
    >>> one.method.name, one.build is other.build
    ('fedavg', True)
    """

    config: ExperimentConfig
    method: Method
    settings: Settings
    build: Callable[[int], Federation]


def plan_methods(
    config: ExperimentConfig, train: Table, tests: tuple[Table, ...], note: Callable[[str], None]
) -> tuple[Planned, ...]:
    """Plan the methods that an experiment names.

    Parameters
    ----------
    config : ExperimentConfig
        The experiment.
    train : Table
        Rows of the clients.
    tests : tuple of Table
        What the finished models are judged on.
    note : callable
        Gets the counts of clients that are handled apart.

    Returns
    -------
    tuple of Planned
        In the order of their names.

    Raises
    ------
    ConfigError
        If a name is unknown, or values do not go together.

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.plan import plan_methods
    >>> train, test = load_synthetic(600, 50, seed=0)
    >>> tuned = {"fedprox": {"training.learning_rate": 0.1}}
    >>> config = build_config({"methods": {"names": ["fedavg", "fedprox"]}, "tuned": tuned})
    >>> planned = plan_methods(config, train, (test,), print)
    >>> [(one.method.name, one.settings.local.learning_rate) for one in planned]
    [('fedavg', 0.05), ('fedprox', 0.1)]
    """
    builders: dict[str, Callable[[int], Federation]] = {}
    planned = []
    for name in config.methods.names:
        own = for_method(config, name)
        shape = json.dumps(own.model_dump(include=set(_SHAPE_A_FEDERATION)), sort_keys=True)
        if shape not in builders:
            builders[shape] = federation_builder(own, train, tests, note)
        (method,) = own.method_values()
        planned.append(Planned(own, method, own.settings(), builders[shape]))
    return tuple(planned)
