"""Methods as values: each baseline and each ablation is one ``dataclasses.replace`` away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from cfmt.policies.sac_policy import SacConfig

__all__ = [
    "METHODS",
    "Clustering",
    "FixedMu",
    "HandRule",
    "LearnedMu",
    "MetaSampler",
    "Method",
    "MuPolicy",
    "RandomMu",
    "Sampler",
    "ablations",
    "cfmt",
    "class_weighted",
    "fed_over",
    "fed_under",
    "fedavg",
    "fedprox",
    "method_named",
]


@dataclass(frozen=True)
class FixedMu:
    """The same centre for every client in every round.

    Parameters
    ----------
    mu : float, default=0.5
        Centre of the Gaussian weights, in [0, 1]: near 0 draws easy rows, near 1 hard or noisy ones.
    """

    mu: float = 0.5

    def __post_init__(self) -> None:
        _check_share("mu", self.mu)


@dataclass(frozen=True)
class RandomMu:
    """A centre drawn uniformly from [0, 1] for every client in every round."""


@dataclass(frozen=True)
class HandRule:
    """The hand-written rule of MESA: hard rows when underfit, easy ones when overfit.

    A client is *overfit* where its validation error exceeds its training error by ``gap``, *underfit*
    where its training error exceeds ``high_error``, else *learning*. Errors are means over the bins of
    the meta-state. The two bounds are our choice; MESA states the rule in words.

    Parameters
    ----------
    underfit, learning, overfit : float, default=0.9, 0.5, 0.1
        Centre in each case.
    gap : float, default=0.1
        Excess of the validation error that counts as overfitting.
    high_error : float, default=0.3
        Training error that counts as underfitting.

    References
    ----------
    .. [1] Liu et al., "MESA: Boost Ensemble Imbalanced Learning with MEta-SAmpler", NeurIPS 2020,
           arXiv 2010.08830.
    """

    underfit: float = 0.9
    learning: float = 0.5
    overfit: float = 0.1
    gap: float = 0.1
    high_error: float = 0.3


@dataclass(frozen=True)
class LearnedMu:
    """A soft actor-critic, one for each cluster that has seen enough, else the shared one.

    Its reward is the gain in average precision from a client's model as received to its model as trained.
    On a client's own validation rows that gain says little: its few attacks are of types that it trains on.
    So other clients of the cohort judge the trained model on theirs; that, and the rank, is our choice.

    Parameters
    ----------
    sac : SacConfig
        The learner's settings; by default it looks no further than the round, whose reward is all that a mu
        changes in what the learner sees.
    judges : int, default=3
        Clients of the cohort that judge each trained model, each model's update being sent to them; 0 lets
        every client judge its own.
    reward : {"rank", "gain"}, default="rank"
        ``rank`` is the gain's mid-rank in the cohort, from -1 to 1; gains themselves are small beside the
        entropy that the learner also seeks, and shrink as training goes on.
    min_transitions : int, default=200
        Transitions that a cluster must have seen before its own policy takes over.
    n_updates : int, default=20
        Gradient steps of each policy after each round.
    capacity : int, default=100000
        Transitions that a replay keeps.
    """

    sac: SacConfig = field(default_factory=lambda: SacConfig(discount=0.0, warmup=200))
    judges: int = 3
    reward: Literal["rank", "gain"] = "rank"
    min_transitions: int = 200
    n_updates: int = 20
    capacity: int = 100_000

    def __post_init__(self) -> None:
        for name in ("min_transitions", "n_updates", "capacity"):
            _check_positive(name, getattr(self, name))
        if self.judges < 0:
            raise ValueError(f"judges must be at least 0, got {self.judges}; 0 lets each client judge itself")

    def sac_for(self, bins: int) -> SacConfig:
        """Return the learner's settings for meta-states of two histograms."""
        return replace(self.sac, n_state=2 * bins)


MuPolicy: TypeAlias = FixedMu | RandomMu | HandRule | LearnedMu


@dataclass(frozen=True)
class MetaSampler:
    """Keep the local minority, draw the majority with Gaussian weights of the errors.

    Parameters
    ----------
    policy : FixedMu, RandomMu, HandRule or LearnedMu
        Chooses the centre mu from a client's meta-state.
    minority_mu : float or None, default=None
        Centre of the Gaussian weights by which minority rows are repeated for ``matched``, in [0, 1]; None
        repeats them uniformly. Near 1, attacks that the model still misses are repeated most.
    sigma : float, default=0.2
        Width of the Gaussian.
    bins : int, default=5
        Bins of the error histograms in the meta-state.
    budget : {"under", "matched"}, default="matched"
        ``under`` draws as many majority rows as there are minority ones, without replacement;
        ``matched`` draws both classes with replacement up to the majority's size.
    state_of : {"all", "majority"}, default="all"
        Rows whose errors make the meta-state; ``majority`` is what MESA's code does.
    """

    policy: MuPolicy = field(default_factory=LearnedMu)
    minority_mu: float | None = None
    sigma: float = 0.2
    bins: int = 5
    budget: Literal["under", "matched"] = "matched"
    state_of: Literal["all", "majority"] = "all"

    def __post_init__(self) -> None:
        if self.minority_mu is not None:
            _check_share("minority_mu", self.minority_mu)
        _check_positive("sigma", self.sigma)
        _check_positive("bins", self.bins)


Sampler: TypeAlias = Literal["none", "over", "under"] | MetaSampler


@dataclass(frozen=True)
class Clustering:
    """Clusters of clients, by auxiliary vectors (class imbalance, accuracy) but for the controls.

    Parameters
    ----------
    k : int or None, default=None
        Number of clusters; None chooses it by silhouette in 2..k_max.
    k_max : int, default=5
        Most clusters, and the number of cluster models that are kept.
    every : int, default=1
        Rounds between two clusterings; in between, clients go to the nearest centroid.
    mixture : float, default=0.0
        Lambda in [0, 1]: a client receives (1 - lambda) global + lambda cluster model.
    weighting : {"rows", "equal"}, default="rows"
        Weight of a cluster in the global model.
    assignment : {"auxiliary", "random", "oracle"}, default="auxiliary"
        Two controls: ``random`` has the same number of clusters, and members drawn at random; ``oracle``
        clusters in the same way by each client's true mix of attack families, which no real federation can
        know. Clients send their auxiliary vectors with all three.
    """

    k: int | None = None
    k_max: int = 5
    every: int = 1
    mixture: float = 0.0
    weighting: Literal["rows", "equal"] = "rows"
    assignment: Literal["auxiliary", "random", "oracle"] = "auxiliary"

    def __post_init__(self) -> None:
        _check_positive("every", self.every)
        _check_positive("k_max", self.k_max)
        _check_share("mixture", self.mixture)
        if self.k is not None and not 1 <= self.k <= self.k_max:
            raise ValueError(f"k must lie in 1..k_max = {self.k_max}, got {self.k}; raise k_max or lower k")


@dataclass(frozen=True)
class Method:
    """A federated method.

    Parameters
    ----------
    name : str
        Name in tables and files.
    sampler : {"none", "over", "under"} or MetaSampler, default="none"
        How a client balances its rows before a round.
    prox_mu : float, default=0.0
        Weight of the proximal term (mu / 2) ||w - w_t||^2.
    clustering : Clustering or None, default=None
        None puts every client into one cluster.
    weighting : {"rows", "sqrt", "equal"}, default="rows"
        Weight of a client in its cluster: its rows, their square root, or one.
    class_weighted : bool, default=False
        Weigh attack rows in the local loss by the client's n_normal / n_attack.
    """

    name: str
    sampler: Sampler = "none"
    prox_mu: float = 0.0
    clustering: Clustering | None = None
    weighting: Literal["rows", "sqrt", "equal"] = "rows"
    class_weighted: bool = False

    def __post_init__(self) -> None:
        if not self.prox_mu >= 0 or self.prox_mu == float("inf"):
            raise ValueError(f"prox_mu must be a finite number >= 0, got {self.prox_mu}; 0 is FedAvg")


def fedavg() -> Method:
    """Return FedAvg (McMahan et al. 2017, arXiv 1602.05629)."""
    return Method("fedavg")


def fedprox(prox_mu: float = 0.1) -> Method:
    """Return FedProx (Li et al., MLSys 2020, arXiv 1812.06127)."""
    return Method("fedprox", prox_mu=prox_mu)


def fed_over() -> Method:
    """Return Fed-Over: random over-sampling of each client's minority, then FedAvg."""
    return Method("fed-over", sampler="over")


def fed_under() -> Method:
    """Return Fed-Under: random under-sampling of each client's majority, then FedAvg."""
    return Method("fed-under", sampler="under")


def class_weighted() -> Method:
    """Return FedAvg with a class-weighted local loss."""
    return Method("class-weighted", class_weighted=True)


def cfmt(prox_mu: float = 0.1) -> Method:
    """Return CFMT: learned meta-sampler, dynamic clusters and proximal local training."""
    return Method("cfmt", sampler=MetaSampler(), prox_mu=prox_mu, clustering=Clustering())


METHODS: dict[str, Callable[[], Method]] = {
    "fedavg": fedavg,
    "fedprox": fedprox,
    "fed-over": fed_over,
    "fed-under": fed_under,
    "class-weighted": class_weighted,
    "cfmt": cfmt,
}


def ablations(base: Method) -> dict[str, Method]:
    """Take CFMT apart: each value differs from ``base`` in one part, or, for ``learned``, perhaps in none.

    Clusters change the sums of updates little while clients receive the global model, so clusters by
    auxiliary vectors, at random and by the oracle are there a second time for clients that receive a half of
    their cluster's model.

    Parameters
    ----------
    base : Method
        A method with a meta-sampler and clusters.

    Returns
    -------
    dict of str to Method
        By name, which starts with the base's name.

    Raises
    ------
    ValueError
        If the base has no meta-sampler or no clusters to take away.
    """
    sampler, clustering = base.sampler, base.clustering
    if not isinstance(sampler, MetaSampler) or clustering is None:
        raise ValueError(f"base must have a meta-sampler and clusters, got {base.name!r}")
    policies: dict[str, MuPolicy] = {f"mu-{mu:g}": FixedMu(mu) for mu in (0, 0.25, 0.5, 0.75, 1)}
    policies |= {"random-mu": RandomMu(), "hand-rule": HandRule()}
    learned = sampler.policy if isinstance(sampler.policy, LearnedMu) else LearnedMu()
    policies |= {
        "own-reward": replace(learned, judges=0),
        "raw-gain": replace(learned, reward="gain"),
        "learned": learned,
    }
    variants = {
        name: replace(base, sampler=replace(sampler, policy=policy)) for name, policy in policies.items()
    }
    at_random, oracle = replace(clustering, assignment="random"), replace(clustering, assignment="oracle")
    other: Literal["under", "matched"] = "under" if sampler.budget == "matched" else "matched"
    variants |= {
        "no-sampler": replace(base, sampler="none"),
        f"{other}-budget": replace(base, sampler=replace(sampler, budget=other)),
        "uniform-minority": replace(base, sampler=replace(sampler, minority_mu=None)),
        "hard-minority": replace(base, sampler=replace(sampler, minority_mu=1.0)),
        "no-prox": replace(base, prox_mu=0.0),
        "one-cluster": replace(base, clustering=None),
        "random-clusters": replace(base, clustering=at_random),
        "oracle-clusters": replace(base, clustering=oracle),
        "receive-mixture": replace(base, clustering=replace(clustering, mixture=0.5)),
        "receive-mixture-random": replace(base, clustering=replace(at_random, mixture=0.5)),
        "receive-mixture-oracle": replace(base, clustering=replace(oracle, mixture=0.5)),
        "receive-cluster": replace(base, clustering=replace(clustering, mixture=1.0)),
    }
    return {f"{base.name}-{name}": replace(m, name=f"{base.name}-{name}") for name, m in variants.items()}


def method_named(name: str) -> Method:
    """Look a method or an ablation of CFMT up by its name.

    Raises
    ------
    ValueError
        If there is none; the message lists what there is.
    """
    if name in METHODS:
        return METHODS[name]()
    variants = ablations(cfmt())
    if name not in variants:
        known = ", ".join([*METHODS, *variants])
        raise ValueError(f"methods must be some of {known}, got {name!r}")
    return variants[name]


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value}")


def _check_positive(name: str, value: float) -> None:
    if not value > 0 or value == float("inf"):
        raise ValueError(f"{name} must be a finite number > 0, got {value}")
