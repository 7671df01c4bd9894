"""The shared model against the models that clients train alone: whom it helps, and whom it harms."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cfmt.config import ExperimentConfig, for_method
from cfmt.experiment.clients import client_names, federation_builder
from cfmt.metrics import paired_roc_auc
from cfmt.strict_json import plain

if TYPE_CHECKING:
    from cfmt.data import Table
    from cfmt.detector import Detector

__all__ = ["LocalComparison", "LocalModels", "compare_with_local_models"]


@dataclass(frozen=True)
class LocalComparison:
    """The shared model and a client's own on the client's validation rows.

    Parameters
    ----------
    name : str
        Name of the client, or its number where clients are drawn.
    n_train, n_rows, n_attacks : int
        Its training rows, its validation rows, and the attacks among the latter.
    shared, local : float
        ROC-AUC of the two models; NaN where the validation rows are of one class.
    difference, low, high : float
        Shared less local, with its 95 % interval; NaN where there are too few rows.

    Examples
    --------
    >>> from cfmt.experiment.local_models import LocalComparison
    >>> LocalComparison("site a", 400, 100, 20, 0.7, 0.9, -0.2, -0.3, -0.1).verdict
    'harmed'
    """

    name: str
    n_train: int
    n_rows: int
    n_attacks: int
    shared: float
    local: float
    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> Literal["harmed", "helped", "undecided", "not comparable"]:
        """What the interval says of the client: it excludes 0 on one side, or includes it, or is none."""
        if np.isnan(self.low):
            return "not comparable"
        return "harmed" if self.high < 0 else "helped" if self.low > 0 else "undecided"


@dataclass(frozen=True)
class LocalModels:
    """The shared model against all clients' own.

    Parameters
    ----------
    clients : tuple of LocalComparison
        In the order of the clients.
    length : str
        How long each client trained alone.

    Examples
    --------
    >>> from cfmt.experiment.local_models import LocalComparison, LocalModels
    >>> one = LocalComparison("site a", 400, 100, 20, 0.7, 0.9, -0.2, -0.3, -0.1)
    >>> LocalModels((one,), "1,000 steps").to_dict()["harmed"]
    ['site a']
    """

    clients: tuple[LocalComparison, ...]
    length: str

    def names(self, verdict: str) -> list[str]:
        """Name the clients with a verdict."""
        return [one.name for one in self.clients if one.verdict == verdict]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        found: dict[str, Any] = plain(
            {
                "trained_alone": self.length,
                "harmed": self.names("harmed"),
                "helped": self.names("helped"),
                "clients": [asdict(one) | {"verdict": one.verdict} for one in self.clients],
            }
        )
        return found


def compare_with_local_models(
    config: ExperimentConfig, train: Table, detector: Detector, *, seed: int
) -> LocalModels:
    """Train each client's own model, and compare it with the shared one on the client's validation rows.

    A client alone takes as many steps as it does for the shared model, from the same weights, with the same
    preprocessing, and its classes are balanced by weight.

    Parameters
    ----------
    config : ExperimentConfig
        Of a finished run of one method.
    train : Table
        Rows of the clients.
    detector : Detector
        The shared model of that run.
    seed : int
        Seed of that run.

    Returns
    -------
    LocalModels

    Raises
    ------
    DivergedError
        If a client's own model diverges.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.config import build_config
    >>> from cfmt.detector import Detector
    >>> from cfmt.experiment.local_models import compare_with_local_models
    >>> from cfmt.experiment.runner import run_experiment
    >>> config = build_config(
    ...     {
    ...         "data": {"train_rows": 900, "test_rows": 100},
    ...         "partition": {"clients_by": "protocol_type"},
    ...         "training": {"rounds": 2, "steps": 5, "hidden": 4},
    ...         "methods": {"names": ["fedavg"]},
    ...         "seeds": {"count": 1},
    ...     }
    ... )
    >>> with TemporaryDirectory() as folder:
    ...     finished = run_experiment(config, out=Path(folder, "run"))
    ...     detector = Detector.load(finished.directory.model_path())
    >>> found = compare_with_local_models(config, finished.train, detector, seed=0)
    >>> [one.name for one in found.clients], found.length
    (['icmp', 'tcp', 'udp'], '10 steps')
    """
    from cfmt.federated.local import alone, local_scores
    from cfmt.nn import make_engine

    (name,) = config.methods.names
    own = for_method(config, name)
    settings, federation = own.settings(), federation_builder(own, train, (), lambda _: None)(seed)
    engine = make_engine(
        settings.engine,
        detector.mlp,
        federation.X,
        federation.is_attack,
        device=settings.device,
        group_size=settings.group_size,
    )
    rows, how = federation.validation, alone(settings)
    local = local_scores(federation, engine, how, seed=seed)
    shared = engine.scores(detector.params[np.newaxis])[0][rows.values]
    labels = federation.is_attack[rows.values]
    names = client_names(config, train) or tuple(map(str, range(federation.n_clients)))
    found = []
    for client, label in enumerate(names):
        at = slice(rows.offsets[client], rows.offsets[client + 1])
        pair = paired_roc_auc(shared[at], local[at], labels[at])
        counts = int(federation.train.sizes[client]), int(rows.sizes[client]), int(labels[at].sum())
        found.append(
            LocalComparison(label, *counts, pair.one, pair.other, pair.difference, pair.low, pair.high)
        )
    length = f"{how.steps:,} steps" if how.steps is not None else f"{how.epochs:,} epochs"
    return LocalModels(tuple(found), length)
