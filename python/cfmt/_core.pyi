from typing import TypeAlias, final

import numpy as np
import numpy.typing as npt

__version__: str

_Int: TypeAlias = npt.NDArray[np.int64]
_Label: TypeAlias = npt.NDArray[np.uint8]
_Ragged: TypeAlias = tuple[_Int, _Int]

def stream_seed(seed: int, purpose: str, round: int, item: int) -> int: ...

@final
class PartitionPlan:
    def __new__(
        cls,
        n_clients: int,
        *,
        alpha: float | None,
        size_alpha: float | None,
        min_size: int,
        rows_per_client: tuple[int, int] | None,
    ) -> PartitionPlan: ...
    def split_rows(self, n_rows: int, *, seed: int) -> _Ragged: ...
    def split_labels(self, labels: _Int, *, seed: int) -> _Ragged: ...

def check_prevalence(low: float, high: float) -> None: ...
def impose_prevalence(
    rows: _Int,
    offsets: _Int,
    is_attack: _Label,
    *,
    prevalence: tuple[float, float],
    min_size: int,
    seed: int,
) -> _Ragged: ...
def split_validation(
    rows: _Int, offsets: _Int, labels: _Label, *, share: float, seed: int
) -> tuple[_Ragged, _Ragged]: ...
def class_counts(rows: _Int, offsets: _Int, labels: _Int, *, n_classes: int) -> _Int: ...
def batch_plan(
    offsets: npt.NDArray[np.int64],
    batch_size: int,
    epochs: int | None,
    steps: int | None,
    seed: int,
    round: int,
    clients: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]: ...
def error_histograms(
    errors: npt.NDArray[np.float32], offsets: npt.NDArray[np.int64], bins: int
) -> npt.NDArray[np.float64]: ...
def gaussian_weights(
    errors: npt.NDArray[np.float32],
    offsets: npt.NDArray[np.int64],
    mu: npt.NDArray[np.float64],
    sigma: float,
) -> npt.NDArray[np.float64]: ...
def meta_sample(
    errors: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    mu: npt.NDArray[np.float64],
    sigma: float,
    budget: str,
    seed: int,
    round: int,
    clients: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]: ...
def oversample(
    labels: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    seed: int,
    round: int,
    clients: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]: ...
def undersample(
    labels: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    seed: int,
    round: int,
    clients: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]: ...
def weighted_sample(
    weights: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    replace: bool,
    log: bool,
    seed: int,
    round: int,
    clients: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]: ...
def train_clients(
    x: npt.NDArray[np.float32],
    y: npt.NDArray[np.uint8],
    rows: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    models: npt.NDArray[np.float32],
    which: npt.NDArray[np.int64],
    clients: npt.NDArray[np.int64],
    *,
    hidden: int,
    learning_rate: float,
    batch_size: int,
    positive_weight: npt.NDArray[np.float64],
    seed: int,
    round: int,
    prox_mu: float = 0.0,
    epochs: int | None = None,
    steps: int | None = None,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]: ...
def train_and_sum(
    x: npt.NDArray[np.float32],
    y: npt.NDArray[np.uint8],
    rows: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    models: npt.NDArray[np.float32],
    which: npt.NDArray[np.int64],
    clients: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    clusters: npt.NDArray[np.int64],
    *,
    n_clusters: int,
    hidden: int,
    learning_rate: float,
    batch_size: int,
    positive_weight: npt.NDArray[np.float64],
    seed: int,
    round: int,
    prox_mu: float = 0.0,
    epochs: int | None = None,
    steps: int | None = None,
    start: npt.NDArray[np.float64] | None = None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
def model_scores(
    x: npt.NDArray[np.float32], models: npt.NDArray[np.float32], *, hidden: int
) -> npt.NDArray[np.float32]: ...
def client_scores(
    x: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    models: npt.NDArray[np.float32],
    *,
    hidden: int,
) -> npt.NDArray[np.float32]: ...
