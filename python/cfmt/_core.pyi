from collections.abc import Sequence
from typing import Self, TypeAlias, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "PartitionPlan",
    "Scorer",
    "WeightedSum",
    "__version__",
    "auxiliary_vectors",
    "batch_plan",
    "check_prevalence",
    "class_counts",
    "client_scores",
    "error_histograms",
    "first_impossible",
    "gaussian_weights",
    "impose_prevalence",
    "kmeans_choose_k",
    "kmeans_fit",
    "lay_out_rows",
    "match_clusters",
    "meta_sample",
    "model_scores",
    "most_held",
    "nearest",
    "operating_points",
    "oversample",
    "parse_lines",
    "ragged_average_precision",
    "ragged_confusion",
    "score_histogram",
    "set_threads",
    "silhouette",
    "split_validation",
    "standardise",
    "stream_seed",
    "text_cells",
    "threads",
    "train_and_sum",
    "train_clients",
    "undersample",
    "weighted_mean",
    "weighted_sample",
]

__version__: str

_Int: TypeAlias = npt.NDArray[np.int64]
_Label: TypeAlias = npt.NDArray[np.uint8]
_Bool: TypeAlias = npt.NDArray[np.bool_]
_Float: TypeAlias = npt.NDArray[np.float64]
_Single: TypeAlias = npt.NDArray[np.float32]
_Ragged: TypeAlias = tuple[_Int, _Int]

def stream_seed(seed: int, purpose: str, round: int, item: int) -> int: ...
def set_threads(threads: int) -> None: ...
def threads() -> int: ...

@final
class PartitionPlan:
    def __new__(
        cls,
        n_clients: int,
        *,
        alpha: float | None,
        size_alpha: float | None,
        min_size: int,
        rows_per_client: Sequence[int] | None,
    ) -> PartitionPlan: ...
    def split_rows(self, n_rows: int, *, seed: int) -> _Ragged: ...
    def split_labels(self, labels: _Int, *, seed: int) -> _Ragged: ...

def check_prevalence(low: float, high: float) -> None: ...
def impose_prevalence(
    rows: _Int,
    offsets: _Int,
    is_attack: _Label,
    *,
    prevalence: Sequence[float],
    min_size: int,
    seed: int,
) -> _Ragged: ...
def split_validation(
    rows: _Int, offsets: _Int, labels: _Label, *, share: float, seed: int
) -> tuple[_Ragged, _Ragged]: ...
def class_counts(rows: _Int, offsets: _Int, labels: _Int, *, n_classes: int) -> _Int: ...
def batch_plan(
    offsets: _Int,
    batch_size: int,
    epochs: int | None,
    steps: int | None,
    seed: int,
    round: int,
    clients: _Int,
) -> _Int: ...
def error_histograms(errors: _Single, offsets: _Int, bins: int) -> _Float: ...
def gaussian_weights(
    errors: _Single,
    offsets: _Int,
    mu: _Float,
    sigma: float,
) -> _Float: ...
def meta_sample(
    errors: _Single,
    labels: _Label,
    offsets: _Int,
    mu: _Float,
    minority_mu: float | None,
    sigma: float,
    budget: str,
    seed: int,
    round: int,
    clients: _Int,
) -> _Ragged: ...
def oversample(
    labels: _Label,
    offsets: _Int,
    seed: int,
    round: int,
    clients: _Int,
) -> _Ragged: ...
def undersample(
    labels: _Label,
    offsets: _Int,
    seed: int,
    round: int,
    clients: _Int,
) -> _Ragged: ...
def weighted_sample(
    weights: _Float,
    offsets: _Int,
    sizes: _Int,
    replace: bool,
    log: bool,
    seed: int,
    round: int,
    clients: _Int,
) -> _Ragged: ...
def train_clients(
    x: _Single,
    y: _Label,
    rows: _Int,
    offsets: _Int,
    models: _Single,
    model_index: _Int,
    clients: _Int,
    *,
    hidden: int,
    learning_rate: float,
    batch_size: int,
    positive_weight: _Float,
    seed: int,
    round: int,
    prox_mu: float = ...,
    epochs: int | None = None,
    steps: int | None = None,
) -> tuple[_Single, _Float]: ...
def train_and_sum(
    x: _Single,
    y: _Label,
    rows: _Int,
    offsets: _Int,
    models: _Single,
    model_index: _Int,
    clients: _Int,
    weights: _Float,
    clusters: _Int,
    *,
    n_clusters: int,
    hidden: int,
    learning_rate: float,
    batch_size: int,
    positive_weight: _Float,
    seed: int,
    round: int,
    prox_mu: float = ...,
    epochs: int | None = None,
    steps: int | None = None,
    start: _Float | None = None,
    scored_rows: tuple[_Int, _Int] | None = None,
) -> tuple[_Float, _Float, _Single]: ...

@final
class Scorer:
    @staticmethod
    def z_scores(
        columns: _Int,
        logged: _Label,
        mean: _Float,
        scale: _Float,
        n_words: _Int,
        params: _Single,
        *,
        n_numeric: int,
        hidden: int,
    ) -> Scorer: ...
    @staticmethod
    def steps(
        columns: _Int,
        edges: _Float,
        levels: _Single,
        offsets: _Int,
        n_words: _Int,
        params: _Single,
        *,
        n_numeric: int,
        hidden: int,
    ) -> Scorer: ...
    @property
    def baseline(self) -> float: ...
    def scores(self, numeric: _Float, codes: _Int, words: _Int, offsets: _Int) -> _Single: ...
    def logits(self, numeric: _Float, codes: _Int, words: _Int, offsets: _Int) -> _Single: ...
    def explain(self, numeric: _Float, codes: _Int, words: _Int, offsets: _Int) -> _Float: ...

def parse_lines(
    content: bytes,
    kinds: _Label,
    places: _Int,
    heavy: _Bool,
    flags: _Int,
    *,
    width: int,
    separator: str,
    quote: str | None,
    unset: Sequence[str],
) -> tuple[_Float, list[tuple[npt.NDArray[np.uint32], list[str]]], list[tuple[bytes, _Int]]] | None: ...
def text_cells(content: bytes, ends: _Int) -> list[str | None]: ...
def lay_out_rows(
    columns: Sequence[_Float], heavy: _Bool, flags: _Int, *, n_rows: int, width: int
) -> tuple[_Float, _Bool]: ...
def first_impossible(numeric: _Float, heavy: _Bool) -> tuple[int, int] | None: ...
def most_held(file: npt.NDArray[np.uint8]) -> tuple[int, int, int] | None: ...
def model_scores(x: _Single, models: _Single, *, hidden: int) -> _Single: ...
def client_scores(
    x: _Single,
    rows: _Int,
    offsets: _Int,
    models: _Single,
    *,
    hidden: int,
) -> _Single: ...
def auxiliary_vectors(n_attack: _Int, n_normal: _Int, accuracy: _Float) -> _Float: ...
def standardise(
    points: _Float,
) -> tuple[_Float, _Float, _Float]: ...
def kmeans_fit(
    points: _Float,
    k: int,
    *,
    n_init: int,
    max_iter: int,
    tol: float,
    seed: int,
    round: int,
) -> tuple[_Int, _Float, float, int]: ...
def kmeans_choose_k(
    points: _Float,
    k_max: int,
    *,
    n_init: int,
    max_iter: int,
    tol: float,
    max_points: int,
    seed: int,
    round: int,
) -> tuple[_Int, _Float, float, int]: ...
def nearest(points: _Float, centroids: _Float) -> _Int: ...
def silhouette(points: _Float, labels: _Int, *, max_points: int, seed: int, round: int) -> float: ...
def match_clusters(centroids: _Float, previous: _Float) -> _Int: ...
def weighted_mean(updates: _Single, weights: _Float) -> _Single: ...

@final
class WeightedSum:
    def __new__(cls, n_clusters: int, n_params: int) -> Self: ...
    def add(
        self,
        updates: _Single,
        weights: _Float,
        clusters: _Int,
    ) -> None: ...
    def add_sums(self, sums: _Float, totals: _Float) -> None: ...
    def sums(self) -> _Float: ...
    def totals(self) -> _Float: ...
    def means(self) -> _Single: ...
    def combine(self, cluster_weights: _Float) -> _Single: ...

def operating_points(scores: _Single, labels: _Label) -> _Ragged: ...
def score_histogram(scores: _Single, labels: _Label, bins: int) -> _Ragged: ...
def ragged_confusion(
    scores: _Single,
    labels: _Label,
    offsets: _Int,
    threshold: float,
) -> _Int: ...
def ragged_average_precision(scores: _Single, labels: _Label, offsets: _Int) -> _Float: ...
