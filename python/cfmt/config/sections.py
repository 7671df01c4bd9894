"""The sections of an experiment: each key's type, default, bounds and help stand here, once.

TOML files, command-line options, their help and the messages of their errors are all made from these.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from cfmt.config.keys import (
    Allowed,
    ApiName,
    Common,
    Count,
    CountOrNone,
    CountOrZero,
    CountRange,
    Flag,
    Names,
    NotNegative,
    OpenShare,
    Option,
    Place,
    Positive,
    PositiveOrNone,
    Prevalence,
    Seed,
    Share,
    ShareAboveZero,
    ShareBelowOne,
    ShareOrNone,
    Source,
    ThresholdRules,
    Words,
    declared,
)
from cfmt.config.scenarios import ScenarioName

__all__ = [
    "CfmtConfig",
    "DataConfig",
    "EvaluationConfig",
    "MethodsConfig",
    "PartitionConfig",
    "PreprocessingConfig",
    "ScenarioConfig",
    "SeedsConfig",
    "TrainingConfig",
    "TunedConfig",
]


class _Section(BaseModel):
    """Base of the sections: frozen, no unknown keys, and no conversion between types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ScenarioConfig(_Section):
    """Scenario: the named setting, if any, that the other sections start from; a single key of the file.

    Examples
    --------
    >>> from cfmt.config import ScenarioConfig, build_config
    >>> ScenarioConfig().name, build_config({"scenario": {"name": "iid"}}).partition.scheme
    ('custom', 'iid')
    """

    name: Annotated[ScenarioName, Option(("scenario",), "NAME"), Common()] = declared(
        "custom",
        "Named setting to start from; see cfmt scenarios.",
    )


class DataConfig(_Section):
    """Data: where the traffic comes from.

    Examples
    --------
    >>> from cfmt.config import DataConfig
    >>> DataConfig().synthetic, DataConfig(source="data/nsl-kdd").synthetic
    (True, False)
    """

    source: Annotated[Source, Option(("data",), "PATH"), Common()] = declared(
        "synthetic",
        "'synthetic' for generated traffic, the folder with NSL-KDD's files, or a flow table: a file, a "
        "pattern or a folder.",
    )
    test: Annotated[Place, Option(("test",), "PATH"), Common()] = declared(
        "", "Test part of a flow table; without it, use --split types, order or random."
    )
    label: Annotated[str, Option(("label",), "COLUMN"), Common(), Allowed("a text")] = declared(
        "", "Column of a flow table that tells attacks from normal traffic; published tables need none."
    )
    normal: Annotated[Words, Option(("normal",), "VALUES"), Common()] = declared(
        (), "Values of the label that are normal traffic."
    )
    attack_type: Annotated[str, Option(("attack-type",), "COLUMN"), Allowed("a text")] = declared(
        "", "Column that names the attack, where the label does not."
    )
    columns: Annotated[Place, Option(("schema",), "PATH")] = declared(
        "",
        "TOML file that says what each column is for, as cfmt data schema writes it; or basic-10, for the "
        "columns that all exporters give, so that the detector scores flows of any of them.",
    )
    format: Annotated[str, Allowed("a text")] = declared(
        "auto", "Format of a flow table; auto tells it by content."
    )
    train_rows: Count = declared(20_000, "Training rows to generate; only for synthetic data.")
    test_rows: Count = declared(5_000, "Test rows to generate; only for synthetic data.")
    generator_seed: Seed = declared(0, "Seed of generated rows and of folds, the same in all runs.")
    split: Literal["official", "types", "order", "random"] = declared(
        "official",
        "What the finished model is evaluated on. official: the test files; types: rows of a fold, "
        "with attack types that training lacks; order: the last rows of the table; random: a share of the "
        "training rows, in-distribution.",
    )
    fold: CountOrZero = declared(
        0, "Which fold: which attack types training lacks, or which random rows; from 0."
    )
    folds: Annotated[int, Field(ge=2), Allowed("a whole number >= 2")] = declared(
        4, "Number of folds into which the attack types are dealt."
    )
    fold_share: OpenShare = declared(
        0.2, "Share of normal rows, and of the attack types that stay, in a fold."
    )

    @model_validator(mode="after")
    def _fold_exists(self) -> DataConfig:
        """Refuse a fold that is not among ``folds``."""
        if self.fold >= self.folds:
            raise ValueError(f"data.fold must be below data.folds = {self.folds}, got {self.fold}")
        return self

    @property
    def synthetic(self) -> bool:
        """Whether the traffic is generated."""
        return self.source == "synthetic"


_DRAWN = (
    "clients",
    "scheme",
    "on",
    "alpha",
    "size_alpha",
    "prevalence",
    "min_size",
    "rows_per_client",
)  # keys of partition that mean nothing where clients are given


class PartitionConfig(_Section):
    """Partition: how the rows are dealt out to the clients.

    Examples
    --------
    >>> from cfmt.config import PartitionConfig
    >>> PartitionConfig(prevalence=[0.01, 0.5]).prevalence, PartitionConfig(prevalence="none").prevalence
    ((0.01, 0.5), None)
    >>> PartitionConfig(clients_by="site").model_dump()
    {'source': 'drawn', 'clients_by': 'site', 'validation_share': 0.2}
    """

    source: Annotated[Source, Option(("partition-from",), "PATH")] = declared(
        "drawn", "'drawn' to deal anew from each seed, or a folder that cfmt partition --out has written."
    )
    clients_by: Annotated[str, Option(("clients-by",), "COLUMN"), Common(), Allowed("a text")] = declared(
        "", "Column whose values are the clients, or file for one client per file; nothing is then drawn."
    )
    clients: Annotated[Count, ApiName("n_clients"), Common()] = declared(100, "Number of clients.")
    scheme: Literal["dirichlet", "iid"] = declared(
        "dirichlet", "dirichlet: each client has a class mix of its own; iid: all have the same."
    )
    on: Annotated[Literal["family", "label"], Option(("partition-on",))] = declared(
        "family", "The classes that dirichlet mixes: attack families, or attack and normal."
    )
    alpha: Annotated[Positive, Common()] = declared(
        0.3, "Dirichlet concentration: near 0 very skewed, above 100 nearly iid."
    )
    size_alpha: PositiveOrNone = declared(None, "The same for the clients' sizes; none does not skew them.")
    prevalence: Annotated[Prevalence, Common()] = declared(
        0.05, "Largest share of attacks at a client; low,high draws it; none drops no row."
    )
    min_size: CountOrZero = declared(10, "Fewest rows of a client.")
    rows_per_client: CountRange = declared(
        None, "Draw low,high rows by client with replacement, for more clients than rows."
    )
    validation_share: ShareBelowOne = declared(0.2, "Share of its rows that a client keeps for validation.")

    @property
    def saved(self) -> Path | None:
        """Folder of a partition that is not drawn."""
        return None if self.source == "drawn" else Path(self.source)

    @model_validator(mode="after")
    def _ranges_rise(self) -> PartitionConfig:
        """Refuse a range whose low end exceeds its high end."""
        for name in ("prevalence", "rows_per_client"):
            value = getattr(self, name)
            if isinstance(value, tuple) and value[0] > value[1]:
                raise ValueError(f"partition.{name} must run from low to high, got {value[0]},{value[1]}")
        return self

    @model_validator(mode="after")
    def _drawn_or_given(self) -> PartitionConfig:
        """Refuse keys of a drawn partition beside ``clients_by``."""
        beside = [key for key in _DRAWN if self.clients_by and key in self.model_fields_set]
        if beside:
            raise ValueError(
                f"partition.{beside[0]} = {getattr(self, beside[0])!r} is for clients that are drawn, and "
                f"partition.clients_by = {self.clients_by!r} gives each client its own rows; leave out one "
                "of the two (a scenario draws, too)"
            )
        return self

    @model_serializer(mode="wrap")
    def _what_counts(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave the keys of a drawn partition out where nothing is drawn."""
        keys: dict[str, Any] = handler(self)
        return {key: value for key, value in keys.items() if not (self.clients_by and key in _DRAWN)}


class PreprocessingConfig(_Section):
    """Preprocessing: what the detector sees of a row."""

    scaling: Literal["zscore", "quantile"] = declared(
        "zscore", "Numeric features: mean 0 and variance 1, or centred ranks, which no outlier stretches."
    )


class TrainingConfig(_Section):
    """Training: rounds, local training, and what it runs on.

    Examples
    --------
    >>> from cfmt.config import TrainingConfig
    >>> TrainingConfig().steps, TrainingConfig(epochs=2).steps
    (20, None)
    """

    rounds: Annotated[Count, Common()] = declared(50, "Rounds of training.")
    cohort: ShareAboveZero = declared(1.0, "Share of the clients that take part in a round.")
    steps: CountOrNone = declared(20, "Batches of a client in a round; none where epochs is set.")
    epochs: CountOrNone = declared(None, "Passes over a client's rows in a round, in place of steps.")
    batch_size: Count = declared(32, "Rows of a batch.")
    learning_rate: Positive = declared(0.05, "Step of the clients' gradient descent.")
    hidden: Count = declared(128, "Hidden units of the detector.")
    engine: Literal["auto", "native", "torch"] = declared(
        "auto", "What trains; auto chooses what is fastest here."
    )
    device: Literal["auto", "cpu", "cuda"] = declared("auto", "auto takes a GPU where there is one.")
    group_size: CountOrNone = declared(None, "Clients trained in one call; none lets the engine choose.")
    threads: Annotated[CountOrNone, Common()] = declared(
        None, "CPU threads; none takes all. No result depends on it."
    )

    @model_validator(mode="before")
    @classmethod
    def _epochs_replace_default_steps(cls, given: object) -> object:
        """Unset the default number of steps where epochs are given and steps are not."""
        if isinstance(given, dict) and given.get("epochs", "none") not in ("none", None):
            return {"steps": None} | given
        return given

    @model_validator(mode="after")
    def _one_measure(self) -> TrainingConfig:
        """Refuse both or neither of ``steps`` and ``epochs``."""
        if (self.steps is None) == (self.epochs is None):
            found = f"{self.steps or 'none'} and {self.epochs or 'none'}"
            raise ValueError(f"exactly one of training.steps and training.epochs must be set, got {found}")
        return self


class MethodsConfig(_Section):
    """Methods: what runs, and what several methods share.

    Examples
    --------
    >>> from cfmt.config import MethodsConfig
    >>> MethodsConfig(names=["fedavg", "cfmt"]).names
    ('fedavg', 'cfmt')
    """

    names: Annotated[Names, Option(("methods", "method"), "NAMES"), Common()] = declared(
        ("fedavg", "fedprox", "fed-over", "fed-under", "cfmt"),
        "fedavg, fedprox, fed-over, fed-under, class-weighted, cfmt, or ablations like cfmt-random-mu.",
    )
    prox_mu: NotNegative = declared(0.1, "Weight of the proximal term of fedprox and cfmt.")
    weighting: Literal["rows", "sqrt", "equal"] = declared(
        "rows", "Weight of a client's update: its rows, their square root, or one."
    )

    @model_validator(mode="after")
    def _no_name_twice(self) -> MethodsConfig:
        """Refuse a method that is named more than once."""
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise ValueError(f"methods.names must hold each name once, got {', '.join(twice)} again; drop it")
        return self


class CfmtConfig(_Section):
    """CFMT: its meta-sampler and its clusters.

    Examples
    --------
    >>> from cfmt.config import CfmtConfig
    >>> config = CfmtConfig(policy="fixed", mu=0.8)
    >>> config.mu, config.k, config.k_max
    (0.8, None, 5)
    """

    policy: Literal["learned", "random", "fixed", "hand-rule"] = declared(
        "learned", "Who chooses mu, the error around which a client draws its majority rows."
    )
    mu: Share = declared(0.5, "mu of the policy fixed: 0 draws easy rows, 1 hard ones.")
    minority_mu: ShareOrNone = declared(
        None, "The same for the minority rows that a matched budget repeats; none repeats all alike."
    )
    sigma: Positive = declared(0.2, "How widely rows are drawn around mu.")
    bins: Count = declared(5, "Bins of the error histograms from which mu is chosen.")
    budget: Literal["under", "matched"] = declared(
        "matched", "Rows of each class: as many as the minority has (under), or the majority (matched)."
    )
    state_of: Literal["all", "majority"] = declared("all", "Rows whose errors the histograms count.")
    reviewers: CountOrZero = declared(
        3, "Clients that review each trained model for the policy's reward; 0: each reviews its own."
    )
    reward: Literal["rank", "gain"] = declared(
        "rank", "What the policy learns from: the gain in average precision, or its rank in the cohort."
    )
    min_transitions: Count = declared(200, "Experience that a cluster needs for a policy of its own.")
    policy_updates: Count = declared(20, "Gradient steps of each learned policy after a round.")
    k: CountOrNone = declared(None, "Number of clusters; none chooses it by silhouette.")
    k_max: Count = declared(5, "Most clusters.")
    every: Count = declared(1, "Rounds from one clustering to the next.")
    mixture: Share = declared(0.0, "Share of its cluster's model in what a client receives.")
    cluster_weighting: Literal["rows", "equal"] = declared("rows", "Weight of a cluster in the global model.")
    assignment: Literal["auxiliary", "random", "oracle"] = declared(
        "auxiliary",
        "auxiliary clusters by class imbalance and accuracy; two controls for ablations: random, and "
        "oracle, by the true mix of attack families, which no real federation knows.",
    )

    @model_validator(mode="after")
    def _k_within(self) -> CfmtConfig:
        """Refuse more clusters than there are slots for, ``k_max``."""
        if self.k is not None and self.k > self.k_max:
            raise ValueError(f"cfmt.k must not exceed cfmt.k_max = {self.k_max}, got {self.k}; raise k_max")
        return self


class EvaluationConfig(_Section):
    """Evaluation: how the finished model is evaluated.

    Examples
    --------
    >>> from cfmt.config import EvaluationConfig
    >>> EvaluationConfig(threshold=["fpr:0.010", "f1"]).threshold
    ('fpr:0.01', 'f1')
    """

    threshold: Annotated[ThresholdRules, Option(("threshold",), "RULES"), Common()] = declared(
        ("fpr:0.05",),
        "How validation rows set the threshold: fpr:RATE, f1 or cost:fn=COST,fp=COST. The first one counts.",
    )
    local_models: Annotated[Flag, Option(("local-models",))] = declared(
        False, "Whether cfmt train also trains each client's own model, and tells whom the shared one harms."
    )


class SeedsConfig(_Section):
    """Seeds: each moves the partition, the initial model and every draw.

    Examples
    --------
    >>> from cfmt.config import SeedsConfig, build_config
    >>> SeedsConfig().count, build_config({"seeds": {"first": 3, "count": 2}}).seed_range
    (5, range(3, 5))
    """

    first: Annotated[Seed, Option(("seed",)), Common()] = declared(0, "The first seed.")
    count: Annotated[Count, Option(("seeds",)), Common()] = declared(5, "Number of seeds.")


_TUNABLE = ("preprocessing", "training", "methods", "cfmt")
_SAME_FOR_ALL = ("methods.names", "training.rounds", "training.cohort", "training.steps", "training.epochs")


class TunedConfig(BaseModel):
    """Tuned: settings of single methods, by name, as ``"section.key" = value``.

    Examples
    --------
    >>> from cfmt.config import TunedConfig
    >>> TunedConfig(fedprox={"methods.prox_mu": 0.01}).settings
    {'fedprox': {'methods.prox_mu': 0.01}}
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """By method, values by section and key."""
        return dict(self.model_extra or {})

    @model_validator(mode="after")
    def _can_be_tuned(self) -> TunedConfig:
        """Refuse keys that all methods must share, such as the rounds or the partition."""
        for name, keys in self.settings.items():
            if not isinstance(keys, dict):
                raise ValueError(f'tuned.{name} must hold "section.key" = value, got {keys!r}')
            for key in keys:
                if key.partition(".")[0] not in _TUNABLE or key in _SAME_FOR_ALL:
                    raise ValueError(
                        f"tuned.{name}: {key} cannot differ between methods; set it for all of them"
                    )
        return self
