"""Whole runs: rounds of one method on one federation, and methods side by side over seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt

from cfmt.federated.evaluation import CurvePoint, Evaluation, curve_point, evaluate
from cfmt.federated.federation import Federation
from cfmt.federated.methods import Method
from cfmt.federated.round import run_round
from cfmt.federated.scoring import score
from cfmt.federated.state import RoundReport, State, initial_state
from cfmt.metrics import AtFpr, ThresholdRule
from cfmt.mlp import MLP
from cfmt.nn import Engine, LocalTraining, make_engine
from cfmt.streams import generator

__all__ = ["Run", "Settings", "compare", "draw_cohort", "rounds", "simulate"]


@dataclass(frozen=True)
class Settings:
    """What all methods of a comparison share.

    Parameters
    ----------
    rounds : int, default=50
        Rounds of training.
    cohort : float, default=1.0
        Share of the clients that take part in a round, in (0, 1]; at least one client.
    local : LocalTraining
        Local training; the proximal weight is the method's.
    hidden : int, default=128
        Hidden units of the MLP.
    thresholds : tuple of AtFpr, BestF1 or LeastCost, default=(AtFpr(0.05),)
        Rules that choose a threshold on the clients' validation rows; the first is the main one.
    engine : str, default="auto"
        Which engine trains; see :func:`cfmt.nn.make_engine`.
    device : str, default="cpu"
        Torch device of the torch engine.
    group_size : int or None, default=None
        Clients trained in one call; None lets the engine choose.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from cfmt.federated import Settings
    >>> quick = Settings(rounds=5, cohort=0.2, hidden=8)
    >>> replace(quick, rounds=50).cohort, [str(rule) for rule in quick.thresholds]
    (0.2, ['fpr:0.05'])
    """

    rounds: int = 50
    cohort: float = 1.0
    local: LocalTraining = field(default_factory=LocalTraining)
    hidden: int = 128
    thresholds: tuple[ThresholdRule, ...] = (AtFpr(0.05),)
    engine: str = "auto"
    device: str = "cpu"
    group_size: int | None = None

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError(f"rounds must be at least 1, got {self.rounds}")
        if not 0 < self.cohort <= 1:
            raise ValueError(f"cohort must lie in (0, 1], got {self.cohort}")
        if not self.thresholds:
            raise ValueError("thresholds must hold at least one rule, got none; AtFpr(0.05) is the default")


@dataclass(frozen=True, eq=False)
class Run:
    """One method on one seed, finished.

    Parameters
    ----------
    method : Method
        The method.
    seed : int
        Seed of partition, initialisation and draws.
    reports : tuple of RoundReport
        One for each round.
    curve : tuple of CurvePoint
        One for each round, on the main test set.
    evaluation : Evaluation
        Of the model after the last round.
    state : State
        After the last round.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.federated import Federation, Settings, fedavg, simulate
    >>> from cfmt.partition import partition_iid
    >>> train, test = load_synthetic(300, 50, seed=0)
    >>> federation = Federation.build(train, (test,), partition_iid(300, 3, seed=0), seed=0)
    >>> run = simulate(federation, fedavg(), Settings(rounds=2, hidden=4), seed=0)
    >>> run.state.round, len(run.reports), 0 <= run.metrics()["roc_auc"] <= 1
    (2, 2, True)
    """

    method: Method
    seed: int
    reports: tuple[RoundReport, ...]
    curve: tuple[CurvePoint, ...]
    evaluation: Evaluation
    state: State

    def metrics(self, test: str | None = None) -> dict[str, float]:
        """Return the figures that are averaged over seeds.

        Parameters
        ----------
        test : str or None, default=None
            A test set; None is the main one.

        Returns
        -------
        dict of str to float
        """
        tests = self.evaluation.tests
        return tests[test or next(iter(tests))] | {
            "worst_client_f1": self.evaluation.clients["worst_f1"],
            "p10_client_f1": self.evaluation.clients["p10_f1"],
            "in_distribution_roc_auc": self.evaluation.validation["roc_auc"],
            "threshold": self.evaluation.threshold,
            "alerts_per_million": self.evaluation.alerts_per_million,
            **self._by_other_rules(test or next(iter(tests))),
            "megabytes": sum(r.bytes_up + r.bytes_down for r in self.reports) / 1e6,
            "seconds": sum(r.seconds for r in self.reports),
        }

    def _by_other_rules(self, test: str) -> dict[str, float]:
        """Figures of the rules beside the main one."""
        figures = {}
        for other in self.evaluation.decisions[1:]:
            figures[f"f1@{other.rule}"] = other.tests[test]["f1"]
            figures[f"alerts_per_million@{other.rule}"] = other.alerts_per_million
        return figures


def draw_cohort(n_clients: int, share: float, *, seed: int, round: int) -> npt.NDArray[np.int64]:
    """Draw the clients of a round without replacement.

    Parameters
    ----------
    n_clients : int
        Clients of the federation.
    share : float
        Share that takes part; at least one client does.
    seed, round : int
        Key of the random stream.

    Returns
    -------
    ndarray of shape (n_cohort,), int64
        In rising order.

    Examples
    --------
    >>> from cfmt.federated import draw_cohort
    >>> draw_cohort(n_clients=10, share=0.3, seed=0, round=1), draw_cohort(10, 0.3, seed=0, round=2)
    (array([5, 7, 8]), array([0, 2, 7]))
    """
    size = max(1, round_half_up(share * n_clients))
    if size == n_clients:
        return np.arange(n_clients)
    drawn = generator(seed, "cohort", round=round).choice(n_clients, size, replace=False, shuffle=False)
    return np.sort(drawn).astype(np.int64)


def round_half_up(value: float) -> int:
    """Round to the nearest integer, halves up."""
    return int(np.floor(value + 0.5))


def rounds(
    federation: Federation,
    engine: Engine,
    method: Method,
    settings: Settings,
    state: State,
    *,
    seed: int,
    on_clients: Callable[[int, int], None] | None = None,
) -> Iterator[tuple[State, RoundReport]]:
    """Go on from a state, round after round, up to the settings' number of rounds.

    Parameters
    ----------
    federation, engine, method, settings
        See :func:`simulate`.
    state : State
        Where to start.
    seed : int
        Seed of the run.
    on_clients : callable or None, default=None
        See :func:`cfmt.federated.run_round`.

    Yields
    ------
    state : State
        After the round.
    report : RoundReport
        What happened in it.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.federated import Federation, Settings, fedavg, initial_state, rounds
    >>> from cfmt.mlp import MLP
    >>> from cfmt.nn import make_engine
    >>> from cfmt.partition import partition_iid
    >>> train, test = load_synthetic(300, 50, seed=0)
    >>> federation = Federation.build(train, (test,), partition_iid(300, 3, seed=0), seed=0)
    >>> mlp = MLP(federation.n_features, hidden=4)
    >>> engine = make_engine("native", mlp, federation.X, federation.is_attack)
    >>> state = initial_state(fedavg(), mlp, 3, seed=0)
    >>> going = rounds(federation, engine, fedavg(), Settings(rounds=3, cohort=0.7), state, seed=0)
    >>> [(after.round, report.n_clients) for after, report in going]
    [(1, 2), (2, 2), (3, 2)]
    """
    while state.round < settings.rounds:
        cohort = draw_cohort(federation.n_clients, settings.cohort, seed=seed, round=state.round + 1)
        state, report = run_round(
            federation, engine, method, settings.local, state, cohort, seed=seed, on_clients=on_clients
        )
        yield state, report


def simulate(
    federation: Federation,
    method: Method,
    settings: Settings | None = None,
    *,
    seed: int,
    on_round: Callable[[RoundReport, CurvePoint], None] | None = None,
    on_clients: Callable[[int, int], None] | None = None,
) -> Run:
    """Train one method and evaluate its last round.

    Parameters
    ----------
    federation : Federation
        Clients and test sets.
    method : Method
        What to train.
    settings : Settings or None, default=None
        Shared settings; None takes the defaults.
    seed : int
        Seed of the run.
    on_round : callable or None, default=None
        Called after each round.
    on_clients : callable or None, default=None
        Called as clients of a round finish, with the number of those that have and that of all.

    Returns
    -------
    Run

    Raises
    ------
    DivergedError
        If the training diverges, with the round, and where it is known the client.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.federated import Federation, Settings, fed_over, simulate
    >>> from cfmt.partition import partition_iid
    >>> train, test = load_synthetic(300, 50, seed=0)
    >>> federation = Federation.build(train, (test,), partition_iid(300, 3, seed=0), seed=0)
    >>> run = simulate(federation, fed_over(), Settings(rounds=5, hidden=8), seed=0)
    >>> run.metrics()["roc_auc"] > 0.5
    True
    """
    settings = settings or Settings()
    mlp = MLP(federation.n_features, settings.hidden)
    engine = _engine(settings, mlp, federation.X, federation.is_attack)
    test_engines = [_engine(settings, mlp, test.X, test.is_attack) for test in federation.tests]
    start = state = initial_state(method, mlp, federation.n_clients, seed=seed)
    reports, curve = [], []
    for state, report in rounds(
        federation, engine, method, settings, start, seed=seed, on_clients=on_clients
    ):
        (scores,) = score(test_engines[0], state.model[np.newaxis], round=state.round)
        point = curve_point(federation.tests[0], scores)
        reports.append(report)
        curve.append(point)
        if on_round is not None:
            on_round(report, point)
    test_scores = [
        score(engine_of, state.model[np.newaxis], round=state.round)[0] for engine_of in test_engines
    ]
    evaluation = evaluate(federation, engine, state, test_scores, rules=settings.thresholds)
    return Run(method, seed, tuple(reports), tuple(curve), evaluation, state)


def compare(
    build: Callable[[int], Federation],
    methods: Iterable[Method],
    settings: Settings | None = None,
    *,
    seeds: Iterable[int],
    on_round: Callable[[Method, int, RoundReport, CurvePoint], None] | None = None,
    on_clients: Callable[[Method, int, int, int], None] | None = None,
) -> Iterator[Run]:
    """Run methods side by side: for each seed the same parts, rows and initial model for all.

    Parameters
    ----------
    build : callable
        Makes the federation of a seed.
    methods : iterable of Method
        What to compare.
    settings : Settings or None, default=None
        Shared settings.
    seeds : iterable of int
        One run of each method for each.
    on_round : callable or None, default=None
        Called after each round with the method, the seed and what happened.
    on_clients : callable or None, default=None
        Called as clients of a round finish, with the method, the seed, the number of those that have and that
        of all.

    Yields
    ------
    Run
        As each finishes.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.federated import Federation, Settings, compare, fed_over, fedavg
    >>> from cfmt.partition import partition_iid
    >>> train, test = load_synthetic(300, 50, seed=0)
    >>> federation = Federation.build(train, (test,), partition_iid(300, 3, seed=0), seed=0)
    >>> methods, settings = [fedavg(), fed_over()], Settings(rounds=1, hidden=4)
    >>> runs = compare(lambda seed: federation, methods, settings, seeds=[0, 1])
    >>> [(run.method.name, run.seed) for run in runs]
    [('fedavg', 0), ('fed-over', 0), ('fedavg', 1), ('fed-over', 1)]
    """
    methods = tuple(methods)
    for seed in seeds:
        federation = build(seed)
        for method in methods:

            def report(r: RoundReport, p: CurvePoint, method: Method = method, seed: int = seed) -> None:
                """Pass a round on with the method and the seed of this turn, bound as defaults."""
                if on_round is not None:
                    on_round(method, seed, r, p)

            part = None if on_clients is None else partial(on_clients, method, seed)
            yield simulate(federation, method, settings, seed=seed, on_round=report, on_clients=part)


def _engine(
    settings: Settings, mlp: MLP, X: npt.NDArray[np.float32], is_attack: npt.NDArray[np.uint8]
) -> Engine:
    """Make the engine that the settings name, over one table."""
    return make_engine(
        settings.engine, mlp, X, is_attack, device=settings.device, group_size=settings.group_size
    )
