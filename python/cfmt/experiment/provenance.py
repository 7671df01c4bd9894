"""What a trained detector remembers of its training: equal runs remember equal things.

No path, no time and no place is among it, and nothing that changes no result, such as threads: the file of a
detector is the same wherever it is trained.
"""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cfmt import _core
from cfmt.data.readers.layout import exporter_of
from cfmt.strict_json import plain

if TYPE_CHECKING:
    from cfmt.config import ExperimentConfig
    from cfmt.data import Table
    from cfmt.experiment.plan import Planned
    from cfmt.federated.federation import Federation
    from cfmt.federated.simulation import Run

__all__ = ["detector_metadata"]

_HOW_NOT_WHAT = {"threads", "group_size", "device", "engine"}  # of training: where and how it is computed
_FOLD = ("fold", "folds", "fold_share", "generator_seed")
_SYNTHETIC = ("train_rows", "test_rows", "generator_seed")


def detector_metadata(
    planned: Planned, run: Run, federation: Federation, train: Table, tests: tuple[Table, ...]
) -> dict[str, Any]:
    """Return the metadata of a run's detector.

    Parameters
    ----------
    planned : Planned
        The method and what it ran with.
    run : Run
        The finished run.
    federation : Federation
        What it ran on.
    train : Table
        Rows of the clients.
    tests : tuple of Table
        What the model was judged on, as the federation's test sets.

    Returns
    -------
    dict of str to object
        That JSON can hold: ``cfmt`` (version), ``data``, ``synthetic``, ``method``, ``seed``, ``sources``,
        ``exporter``, ``attack_types`` (of the clients' training rows), ``training`` (rows, attacks and
        clients), ``settings`` by section, ``threshold`` (value and rule), ``figures`` of
        each test set, the main one first.

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.plan import plan_methods
    >>> from cfmt.experiment.provenance import detector_metadata
    >>> from cfmt.federated import simulate
    >>> train, test = load_synthetic(600, 100, seed=0)
    >>> config = build_config({"partition": {"clients": 5}, "methods": {"names": ["fed-over"]}})
    >>> (one,) = plan_methods(config, train, (test,), lambda note: None)
    >>> federation = one.build(0)
    >>> run = simulate(federation, one.method, one.settings, seed=0)
    >>> metadata = detector_metadata(one, run, federation, train, (test,))
    >>> metadata["settings"]["method"]["sampler"], metadata["threshold"]["rule"]
    ({'is': 'OverSampler'}, 'fpr:0.05')
    """
    decision = run.evaluation.decisions[0]
    attacks, normal = federation.class_counts()
    found: dict[str, Any] = plain(
        {
            "cfmt": _core.__version__,
            "data": federation.name,
            "synthetic": federation.synthetic,
            "method": run.method.name,
            "seed": run.seed,
            "sources": _sources(train, "train") + [one for test in tests for one in _sources(test, "test")],
            "exporter": _exporter(train),
            "attack_types": sorted(federation.attack_types),
            "training": {
                "clients": federation.n_clients,
                "rows": int((attacks + normal).sum()),
                "attacks": int(attacks.sum()),
            },
            "settings": _settings(planned.config, run),
            "threshold": {"rule": decision.rule, "value": decision.threshold},
            "figures": [
                {
                    "test": test.name,
                    "rows": len(test.is_attack),
                    "attacks": int(np.count_nonzero(test.is_attack)),
                    "recall": decision.tests[test.name]["recall"],
                    **run.evaluation.tests[test.name],
                }
                for test in federation.tests
            ],
        }
    )
    return found


def _exporter(table: Table) -> str:
    """Name what wrote the flows, as told by their columns; empty where those tell nothing."""
    columns = table.columns
    return "" if columns is None or columns.view else exporter_of((*columns.features, *columns.kept))


def _sources(table: Table, part: str) -> list[dict[str, Any]]:
    """Describe the files of a table, which are named and have no path."""
    return [asdict(source) | {"part": part} for source in table.sources]


def _settings(config: ExperimentConfig, run: Run) -> dict[str, Any]:
    """Return by section what decides the result; a saved partition is not named, for its name is a path."""
    data = {"split": config.data.split}
    asked = (*(_SYNTHETIC if config.data.synthetic else ()), *(_FOLD if data["split"] != "official" else ()))
    data |= {key: getattr(config.data, key) for key in asked}
    return {
        "scenario": config.scenario.name,
        "data": data,
        "partition": config.partition.model_dump(exclude={"source"})
        | {"drawn": config.partition.saved is None},
        "preprocessing": config.preprocessing.model_dump(),
        "training": config.training.model_dump(exclude=_HOW_NOT_WHAT),
        "evaluation": config.evaluation.model_dump(),
        "method": _described(run.method) | {"name": run.method.name},
    }


def _described(value: Any) -> Any:
    """Describe a method's parts by the names of their classes and their fields; other objects by class."""
    if is_dataclass(value) and not isinstance(value, type):
        own = {field.name: _described(getattr(value, field.name)) for field in fields(value)}
        return {"is": type(value).__name__} | own
    if isinstance(value, tuple | list):
        return [_described(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return {"is": type(value).__name__}
