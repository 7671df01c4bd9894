"""Methods as values: each baseline and each ablation is one ``dataclasses.replace`` away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from cfmt.federated.aggregators import Aggregator, WeightedMean
from cfmt.federated.samplers import MetaSampler, NoSampler, OverSampler, Sampler, UnderSampler
from cfmt.policies import FixedMu, HandRule, LearnedMu, Policy, RandomMu

__all__ = [
    "METHODS",
    "Clustering",
    "Method",
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

    Examples
    --------
    >>> from cfmt.federated import Clustering, Method
    >>> Method("by-cluster", clustering=Clustering(k=3, mixture=0.5)).n_clusters  # slots, of which k are used
    5
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
    sampler : Sampler, default=NoSampler()
        How a client balances its rows before a round.
    prox_mu : float, default=0.0
        Weight of the proximal term (mu / 2) ||w - w_t||^2.
    clustering : Clustering or None, default=None
        None puts every client into one cluster.
    aggregator : Aggregator, default=WeightedMean()
        How updates are combined.
    class_weighted : bool, default=False
        Weigh attack rows in the local loss by the client's n_normal / n_attack.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from cfmt.federated import OverSampler, fedavg
    >>> method = replace(fedavg(), name="over-prox", sampler=OverSampler(), prox_mu=0.1)
    >>> method.n_clusters, method.needs_scores
    (1, False)
    """

    name: str
    sampler: Sampler = field(default_factory=NoSampler)
    prox_mu: float = 0.0
    clustering: Clustering | None = None
    aggregator: Aggregator = field(default_factory=WeightedMean)
    class_weighted: bool = False

    def __post_init__(self) -> None:
        if not self.prox_mu >= 0 or self.prox_mu == float("inf"):
            raise ValueError(f"prox_mu must be a finite number >= 0, got {self.prox_mu}; 0 is FedAvg")

    @property
    def n_clusters(self) -> int:
        """Cluster slots: as many models as are kept beside the global one."""
        return 1 if self.clustering is None else self.clustering.k_max

    @property
    def needs_scores(self) -> bool:
        """Whether clients have to evaluate the model that they received."""
        return self.clustering is not None or self.sampler.needs_scores


def fedavg() -> Method:
    """Return FedAvg (McMahan et al. 2017, arXiv 1602.05629).

    Examples
    --------
    >>> from cfmt.federated import fedavg
    >>> fedavg().prox_mu, fedavg().sampler, fedavg().needs_scores
    (0.0, NoSampler(), False)
    """
    return Method("fedavg")


def fedprox(prox_mu: float = 0.1) -> Method:
    """Return FedProx (Li et al., MLSys 2020, arXiv 1812.06127).

    Examples
    --------
    >>> from dataclasses import replace
    >>> from cfmt.federated import fedavg, fedprox
    >>> replace(fedprox(0.1), name="fedavg", prox_mu=0.0) == fedavg()
    True
    """
    return Method("fedprox", prox_mu=prox_mu)


def fed_over() -> Method:
    """Return Fed-Over: random over-sampling of each client's minority, then FedAvg.

    Examples
    --------
    >>> from cfmt.federated import fed_over
    >>> fed_over().sampler.n_rows(n_attack=np.array([2, 0]), n_normal=np.array([10, 7]))
    array([20,  7])
    """
    return Method("fed-over", sampler=OverSampler())


def fed_under() -> Method:
    """Return Fed-Under: random under-sampling of each client's majority, then FedAvg.

    Examples
    --------
    >>> from cfmt.federated import fed_under
    >>> fed_under().sampler.n_rows(n_attack=np.array([2, 0]), n_normal=np.array([10, 7]))
    array([4, 7])
    """
    return Method("fed-under", sampler=UnderSampler())


def class_weighted() -> Method:
    """Return FedAvg with a class-weighted local loss.

    Examples
    --------
    >>> from cfmt.federated import class_weighted
    >>> from cfmt.federated.client import local_training
    >>> from cfmt.nn import LocalTraining
    >>> local_training(class_weighted(), LocalTraining()).positive_weight
    'balanced'
    """
    return Method("class-weighted", class_weighted=True)


def cfmt(prox_mu: float = 0.1) -> Method:
    """Return CFMT: learned meta-sampler, dynamic clusters and proximal local training.

    Examples
    --------
    >>> from cfmt.federated import cfmt
    >>> method = cfmt()
    >>> method.prox_mu, method.n_clusters, method.sampler.policy.learns
    (0.1, 5, True)
    """
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

    Examples
    --------
    >>> from cfmt.federated import ablations, cfmt
    >>> variants = ablations(cfmt())
    >>> variants["cfmt-no-prox"].prox_mu, variants["cfmt-one-cluster"].clustering
    (0.0, None)
    """
    sampler, clustering = base.sampler, base.clustering
    if not isinstance(sampler, MetaSampler) or clustering is None:
        raise ValueError(f"base must have a meta-sampler and clusters, got {base.name!r}")
    policies: dict[str, Policy] = {f"mu-{mu:g}": FixedMu(mu) for mu in (0, 0.25, 0.5, 0.75, 1)}
    policies |= {"random-mu": RandomMu(), "hand-rule": HandRule()}
    learned = sampler.policy if isinstance(sampler.policy, LearnedMu) else LearnedMu()
    policies |= {
        "own-reward": replace(learned, reviewers=0),
        "raw-gain": replace(learned, reward="gain"),
        "learned": learned,
    }
    variants = {
        name: replace(base, sampler=replace(sampler, policy=policy)) for name, policy in policies.items()
    }
    at_random, oracle = replace(clustering, assignment="random"), replace(clustering, assignment="oracle")
    other: Literal["under", "matched"] = "under" if sampler.budget == "matched" else "matched"
    variants |= {
        "no-sampler": replace(base, sampler=NoSampler()),
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

    Examples
    --------
    >>> from cfmt.federated import method_named
    >>> method_named("cfmt-mu-0.5").sampler.policy
    FixedMu(mu=0.5)
    """
    if name in METHODS:
        return METHODS[name]()
    variants = ablations(cfmt())
    if name not in variants:
        known = ", ".join([*METHODS, *variants])
        raise ValueError(f"methods must be some of {known}, got {name!r}")
    return variants[name]


def _check_share(name: str, value: float) -> None:
    """Raise unless a value lies in [0, 1]."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value}")


def _check_positive(name: str, value: float) -> None:
    """Raise unless a value is finite and above 0."""
    if not value > 0 or value == float("inf"):
        raise ValueError(f"{name} must be a finite number > 0, got {value}")
