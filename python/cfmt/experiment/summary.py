"""The JSON object of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cfmt.experiment.statistics import Interval
from cfmt.strict_json import plain

__all__ = ["summary_dict"]

Intervals = Mapping[str, Mapping[str, Interval]]


def summary_dict(
    methods: Intervals,
    differences: Intervals,
    *,
    data: Mapping[str, Any],
    config: Mapping[str, Any],
    baseline: str = "fedavg",
) -> dict[str, Any]:
    """Summarise a comparison for machines.

    Parameters
    ----------
    methods, differences : mapping of str to mapping of str to Interval
        As :func:`cfmt.experiment.statistics.summarise_runs` returns them.
    data : mapping
        Name, whether synthetic, sources; whatever says what was measured on.
    config : mapping
        Effective configuration.
    baseline : str, default="fedavg"
        Method that the differences are taken against.

    Returns
    -------
    dict of str to object
        ``methods.<name>.<metric>`` and ``paired.<name>.<metric>``, each with ``mean``, ``low``, ``high``
        and ``values``; ``reference.all_attack_f1``; ``baseline``, ``data`` and ``config``. It holds None
        for NaN, so that it is valid JSON.

    Raises
    ------
    ValueError
        If there are no methods.

    Examples
    --------
    >>> from cfmt.experiment.statistics import summarise_runs
    >>> from cfmt.experiment.summary import summary_dict
    >>> methods, differences = summarise_runs({"fedavg": [{"f1": 0.5}]}, baseline="fedavg")
    >>> summary = summary_dict(methods, differences, data={"name": "synthetic"}, config={})
    >>> summary["methods"]["fedavg"]["f1"]
    {'mean': 0.5, 'low': None, 'high': None, 'values': [0.5]}
    """
    if not methods:
        raise ValueError("methods must hold at least one method, got none")
    first = next(iter(methods.values()))
    reference = first["f1_all_attack"].mean if "f1_all_attack" in first else None
    content = {
        "data": data,
        "config": config,
        "reference": {"all_attack_f1": reference},
        "baseline": baseline,
        "methods": _intervals(methods),
        "paired": _intervals(differences),
    }
    result: dict[str, Any] = plain(content)
    return result


def _intervals(found: Intervals) -> dict[str, dict[str, dict[str, Any]]]:
    """Turn intervals into nested dicts: method, metric, then mean, bounds and values."""
    return {name: {key: asdict(value) for key, value in column.items()} for name, column in found.items()}
