"""An experiment as one frozen value, and the values of the library that it stands for."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from cfmt.config.sections import (
    CfmtConfig,
    DataConfig,
    EvaluationConfig,
    MethodsConfig,
    PartitionConfig,
    PreprocessingConfig,
    ScenarioConfig,
    SeedsConfig,
    TrainingConfig,
    TunedConfig,
)
from cfmt.config.words import key_error
from cfmt.errors import ConfigError
from cfmt.metrics import threshold_rules
from cfmt.partition import PartitionSpec

# cfmt.federated is imported where it is used: the help of an option must not wait for it.
if TYPE_CHECKING:
    from cfmt.federated import Clustering, MetaSampler, Method, Policy
    from cfmt.federated.simulation import Settings

__all__ = ["ExperimentConfig", "near_matches"]


class ExperimentConfig(BaseModel):
    """Everything that decides the results of an experiment, and the number of threads.

    Parameters
    ----------
    scenario : ScenarioConfig
        The named setting that the other sections start from.
    data : DataConfig
        Where the traffic comes from.
    partition : PartitionConfig
        How the rows are dealt out to the clients.
    preprocessing : PreprocessingConfig
        What the detector sees of a row.
    training : TrainingConfig
        Rounds, local training, and what it runs on.
    methods : MethodsConfig
        What runs, and what several methods share.
    cfmt : CfmtConfig
        The meta-sampler and the clusters of CFMT.
    evaluation : EvaluationConfig
        How the finished model is judged.
    seeds : SeedsConfig
        The seeds of the runs.
    tuned : TunedConfig
        Settings of single methods, in the place of the shared ones.

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> config = build_config({"seeds": {"first": 3, "count": 2}, "methods": {"names": ["fedavg", "cfmt"]}})
    >>> list(config.seed_range), [method.name for method in config.method_values()]
    ([3, 4], ['fedavg', 'cfmt'])
    >>> config.settings().rounds == config.training.rounds
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: ScenarioConfig = ScenarioConfig()
    data: DataConfig = DataConfig()
    partition: PartitionConfig = PartitionConfig()
    preprocessing: PreprocessingConfig = PreprocessingConfig()
    training: TrainingConfig = TrainingConfig()
    methods: MethodsConfig = MethodsConfig()
    cfmt: CfmtConfig = CfmtConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    seeds: SeedsConfig = SeedsConfig()
    tuned: TunedConfig = TunedConfig()

    @property
    def seed_range(self) -> range:
        """The seeds of the runs."""
        return range(self.seeds.first, self.seeds.first + self.seeds.count)

    def partition_spec(self, n_clients: int | None = None) -> PartitionSpec:
        """Return the partition as a value of :mod:`cfmt.partition`.

        Parameters
        ----------
        n_clients : int, optional
            Clients that the data name; only with, and needed for, ``partition.clients_by``.

        Returns
        -------
        PartitionSpec

        Raises
        ------
        ConfigError
            If its values do not go together.
        """
        given = self.partition
        try:
            if given.clients_by:
                return PartitionSpec(n_clients=n_clients or 0, scheme="column", column=given.clients_by)
            return PartitionSpec(
                scheme=given.scheme,
                on=given.on,
                n_clients=given.clients,
                alpha=given.alpha,
                size_alpha=given.size_alpha,
                prevalence=given.prevalence,
                min_size=given.min_size,
                rows_per_client=given.rows_per_client,
            )
        except ValueError as error:
            raise key_error("partition", error) from error

    def settings(self) -> Settings:
        """Return what all methods share as a value of :mod:`cfmt.federated`.

        Raises
        ------
        ConfigError
            If its values do not go together.
        """
        from cfmt.federated.simulation import Settings
        from cfmt.nn import LocalTraining

        given = self.training
        try:
            local = LocalTraining(
                learning_rate=given.learning_rate,
                batch_size=given.batch_size,
                epochs=given.epochs,
                steps=given.steps,
            )
            return Settings(
                rounds=given.rounds,
                cohort=given.cohort,
                local=local,
                hidden=given.hidden,
                thresholds=threshold_rules(",".join(self.evaluation.threshold)),
                engine=given.engine,
                device=given.device,
                group_size=given.group_size,
            )
        except ValueError as error:
            raise key_error("training", error) from error

    def method_values(self) -> tuple[Method, ...]:
        """Return the methods that are named, with their options.

        Raises
        ------
        ConfigError
            If a name is unknown; the message lists what there is.
        """
        from cfmt.federated import METHODS, ablations

        known = {name: self._with_options(build()) for name, build in METHODS.items()}
        known |= ablations(known["cfmt"])
        for name in self.methods.names:
            if name not in known:
                near = near_matches(name, known)
                raise ConfigError(f"methods.names must be some of {', '.join(known)}; got {name!r}{near}")
        return tuple(known[name] for name in self.methods.names)

    def _with_options(self, method: Method) -> Method:
        """Return a method with the proximal term, the client weights and, for CFMT, the parts set here."""
        given = self.methods
        prox_mu = given.prox_mu if method.prox_mu > 0 else 0.0
        method = replace(method, prox_mu=prox_mu, aggregator=method.aggregator.weighted(given.weighting))
        if method.name != "cfmt":
            return method
        return replace(method, sampler=self._meta_sampler(), clustering=self._clustering())

    def _meta_sampler(self) -> MetaSampler:
        """Return the meta-sampler that the section ``cfmt`` describes."""
        from cfmt.federated import MetaSampler

        given = self.cfmt
        return MetaSampler(
            policy=self._policy(),
            minority_mu=given.minority_mu,
            sigma=given.sigma,
            bins=given.bins,
            budget=given.budget,
            state_of=given.state_of,
        )

    def _policy(self) -> Policy:
        """Return the policy that is named, with those keys that it has a use for."""
        from cfmt.federated import FixedMu, HandRule, LearnedMu, RandomMu

        given = self.cfmt
        match given.policy:
            case "fixed":
                return FixedMu(given.mu)
            case "random":
                return RandomMu()
            case "hand-rule":
                return HandRule()
            case "learned":
                return LearnedMu(
                    reviewers=given.reviewers,
                    reward=given.reward,
                    min_transitions=given.min_transitions,
                    n_updates=given.policy_updates,
                )

    def _clustering(self) -> Clustering:
        """Return the clusters that the section ``cfmt`` describes."""
        from cfmt.federated import Clustering

        given = self.cfmt
        return Clustering(
            k=given.k,
            k_max=given.k_max,
            every=given.every,
            mixture=given.mixture,
            weighting=given.cluster_weighting,
            assignment=given.assignment,
        )


def near_matches(name: str, known: Collection[str]) -> str:
    """Word a hint at the known names that are like a misspelt one; empty where none is.

    Parameters
    ----------
    name : str
        As it was given.
    known : collection of str
        What there is.

    Returns
    -------
    str

    Examples
    --------
    >>> from cfmt.config import near_matches
    >>> near_matches("fedprx", ["fedavg", "fedprox", "cfmt"])
    '; did you mean fedprox?'
    """
    near = difflib.get_close_matches(name, known, n=3)
    return f"; did you mean {' or '.join(near)}?" if near else ""
