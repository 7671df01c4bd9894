"""``cfmt scenarios``: the named settings, and what they set."""

from __future__ import annotations

from rich.text import Text

from cfmt.cli.tables import make_table, show
from cfmt.config import SCENARIOS, ExperimentConfig, build_config

__all__ = ["scenarios"]


def scenarios() -> None:
    """List the settings that --scenario knows."""
    configs = {name: build_config({"scenario": {"name": name}}) for name in SCENARIOS}
    rows = []
    for name, config in configs.items():
        alpha = config.partition.alpha if config.partition.scheme == "dirichlet" else "-"
        rows.append((name, alpha, _share(config.partition.prevalence), SCENARIOS[name].summary))
    table = make_table("Scenarios", ("name", "alpha", "attacks", "what"), rows)
    show(table, Text(_what_all_share(next(iter(configs.values())))))


def _what_all_share(config: ExperimentConfig) -> str:
    """Write the line on clients, rounds, local work and seeds, which are the same in all scenarios."""
    training, seeds = config.training, config.seed_range
    return (
        f"all: {config.partition.clients} clients, {training.cohort:.0%} of them in a round, "
        f"{training.rounds} rounds of {training.steps} steps of {training.batch_size} rows, "
        f"seeds {seeds[0]} to {seeds[-1]}"
    )


def _share(prevalence: float | tuple[float, float] | None) -> str:
    """Write a prevalence in percent: one number, a range, or ``as found``."""
    match prevalence:
        case None:
            return "as found"
        case (low, high):
            return f"{100 * low:g}-{100 * high:g} %"
        case share:
            return f"{100 * share:g} %"
