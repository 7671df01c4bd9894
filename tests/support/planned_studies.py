"""Studies of docs/results.md, small enough for a test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cfmt.config import Tree
from studies.plan import PlannedStudy, plan_studies

TINY: Tree = {
    "data": {"train_rows": 2000, "test_rows": 400},
    "partition": {"clients": 6},
    "training": {"rounds": 2, "steps": 2, "hidden": 4, "cohort": 0.5},
    "seeds": {"count": 2},
}


def studies(
    *, quick: bool = True, tuned: Path | None = None, **more: dict[str, Any]
) -> dict[str, PlannedStudy]:
    given = {**TINY, **more}
    return {study.name: study for study in plan_studies(given, tuned=tuned, quick=quick)}


def small(study: PlannedStudy, names: Iterable[str] = ("fedavg", "cfmt")) -> PlannedStudy:
    """The same study with few methods."""
    methods = study.config.methods.model_copy(update={"names": tuple(names)})
    return replace(study, config=study.config.model_copy(update={"methods": methods}))
