"""A detector as one ONNX graph, from raw values to alerts, for runtimes that know nothing of cfmt.

The graph is built by hand: preprocessing in float64, words as rows of the first layer, no one-hot. Quantile
cells of plain features are found by the same arithmetic as in :mod:`cfmt.preprocessing`, bit by bit. Those of
``log1p`` features are first found by a logarithm, whose last digit depends on the runtime, and then put right
by comparing the raw value with the edges that this machine finds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cfmt import _core
from cfmt.detector.detector import Detector
from cfmt.errors import ConfigError, MissingExtraError
from cfmt.preprocessing import Grid, Preprocessor, Quantiles, ZScore, steps_of
from cfmt.preprocessing.sketches import SNAP

if TYPE_CHECKING:
    import onnx

    from cfmt.data import Schema

__all__ = ["to_onnx"]

_IR_VERSION, _OPSET, _ML_OPSET = 10, 21, 4
_TAKEN = ("numeric", "score", "alert")


def to_onnx(detector: Detector, *, sha256: str = "") -> bytes:
    """Write a detector as an ONNX model.

    Its inputs are ``numeric``, float64 of shape (n, n_numeric), the raw numeric features in the order of the
    metadata entry ``numeric``, and for each categorical feature a string tensor of shape (n,) with its name.
    Its outputs are ``score``, float32 of shape (n,), and ``alert``, bool of shape (n,).

    A row with a number that is not finite, or is negative where ``log1p`` is taken, which
    :class:`cfmt.data.Table` refuses, has the score NaN and is no alert.

    Parameters
    ----------
    detector : Detector
        What to write.
    sha256 : str, default=""
        Of the detector's file, to be kept in the metadata.

    Returns
    -------
    bytes
        A model of IR 10, opset 21 and ai.onnx.ml 4.

    Raises
    ------
    MissingExtraError
        If onnx is not installed.
    ConfigError
        If a categorical feature has the name of another input or output.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector, to_onnx
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, _ = load_synthetic(200, 0, seed=0)
    >>> preprocessor = fit_preprocessor(train)
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> model = to_onnx(Detector(mlp, mlp.initial(seed=0), preprocessor, threshold=0.5))
    >>> len(model) < 20_000
    True
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("an ONNX model needs onnx: pip install 'cfmt[onnx]'") from error
    schema = detector.preprocessor.schema
    if taken := sorted({*schema.categorical} & {*_TAKEN}):
        raise ConfigError(
            f"a categorical feature must not be called {taken[0]}, as a part of the graph is; rename it"
        )
    graph = _Graph(onnx)
    _score(graph, detector)
    kinds = onnx.TensorProto
    make = onnx.helper.make_tensor_value_info
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes,
            "cfmt",
            [
                make("numeric", kinds.DOUBLE, ["n", len(schema.numeric)]),
                *(make(name, kinds.STRING, ["n"]) for name in schema.categorical),
            ],
            [make("score", kinds.FLOAT, ["n"]), make("alert", kinds.BOOL, ["n"])],
            graph.constants,
        ),
        ir_version=_IR_VERSION,
        opset_imports=[
            onnx.helper.make_opsetid("", _OPSET),
            onnx.helper.make_opsetid("ai.onnx.ml", _ML_OPSET),
        ],
        producer_name="cfmt",
        producer_version=_core.__version__,
    )
    onnx.helper.set_model_props(model, _properties(detector, sha256))
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _properties(detector: Detector, sha256: str) -> dict[str, str]:
    """Return what a reader of the model needs to know: order of features, threshold, which detector."""
    schema = detector.preprocessor.schema
    return {
        "numeric": json.dumps(schema.numeric),
        "categorical": json.dumps(schema.categorical),
        "threshold": repr(float(detector.threshold)),
        "detector_sha256": sha256,
        "synthetic": json.dumps(bool(detector.metadata.get("synthetic", False))),
    }


@dataclass
class _Graph:
    """Nodes and constants as they are added; names are numbers, which no feature has."""

    onnx: Any
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> str:
        """Add a constant, and return its name."""
        name = f"/constant/{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, kind: str, *inputs: str, name: str = "", domain: str = "", **attributes: Any) -> str:
        """Add a node with one output, and return the output's name."""
        name = name or f"/{kind}/{len(self.nodes)}"
        node = self.onnx.helper.make_node(kind, inputs, [name], domain=domain, **attributes)
        self.nodes.append(node)
        return name

    def cast(self, value: str, kind: str) -> str:
        """Convert a tensor to a type of ONNX, such as ``FLOAT``."""
        return self.add("Cast", value, to=getattr(self.onnx.TensorProto, kind))

    def columns(self, values: str, places: Sequence[int] | npt.NDArray[np.int64]) -> str:
        """Take columns of a matrix."""
        return self.add("Gather", values, self.constant(places, np.int64), axis=1)


def _score(graph: _Graph, detector: Detector) -> None:
    """Add everything from the inputs to ``score`` and ``alert``."""
    preprocessor = detector.preprocessor
    w1, b1, w2, b2 = detector._layers()
    sane, bad = _sane(graph, preprocessor.schema)
    features, order = _features(graph, sane, preprocessor)
    hidden = graph.add("Gemm", features, graph.constant(w1[:, order].T), graph.constant(b1))
    first = len(order)
    for name, words in zip(preprocessor.schema.categorical, preprocessor.categories, strict=True):
        rows = np.vstack([w1[:, first : first + len(words)].T, np.zeros((1, len(w1)), np.float32)])
        hidden = graph.add(
            "Add", hidden, graph.add("Gather", graph.constant(rows), _word(graph, name, words))
        )
        first += len(words)
    logit = graph.add("Gemm", graph.add("Relu", hidden), graph.constant(w2.T), graph.constant(b2))
    score = _probability(graph, graph.add("Squeeze", logit, graph.constant([1], np.int64)))
    score = graph.add("Where", bad, graph.constant(np.nan, np.float32), score, name="score")
    # As numpy compares float32 scores with a Python float: in float32.
    graph.add("GreaterOrEqual", score, graph.constant(detector.threshold, np.float32), name="alert")


def _sane(graph: _Graph, schema: Schema) -> tuple[str, str]:
    """Return the numbers with 0 for those that a table refuses, and which rows have any of those."""
    lowest = np.full(len(schema.numeric), -np.inf)
    lowest[schema.log1p_columns] = 0
    infinite = graph.add("IsNaN", graph.add("Sub", "numeric", "numeric"))  # NaN, or an infinity less itself
    bad = graph.add("Or", infinite, graph.add("Less", "numeric", graph.constant(lowest)))
    rows = graph.add("ReduceMax", graph.cast(bad, "FLOAT"), graph.constant([1], np.int64), keepdims=0)
    return graph.add("Where", bad, graph.constant(0, np.float64), "numeric"), graph.cast(rows, "BOOL")


def _features(graph: _Graph, sane: str, preprocessor: Preprocessor) -> tuple[str, npt.NDArray[np.int64]]:
    """Scale the numbers that go in, plain ones first; return with them their places among the features."""
    kept = np.flatnonzero(preprocessor.kept)
    is_logged = np.isin(kept, preprocessor.schema.log1p_columns)
    parts, order = [], []
    for logged in (False, True):
        places = np.flatnonzero(is_logged == logged)
        if len(places) == 0:
            continue
        columns = kept[places]
        raw = graph.columns(sane, columns)
        values = _ln_1p(graph, raw) if logged else raw
        match preprocessor.scaling:
            case ZScore() as scaling:
                parts.append(_z_scores(graph, values, scaling, columns))
            case Quantiles() as scaling:
                parts.append(_ranks(graph, values, raw if logged else "", scaling, columns))
        order.append(places)
    if not parts:
        return graph.cast(graph.columns(sane, kept), "FLOAT"), kept
    return graph.add("Concat", *parts, axis=1), np.concatenate(order)


def _ln_1p(graph: _Graph, values: str) -> str:
    """Return ``ln(1 + x)``, with what rounding takes from x put back, as the kernel does."""
    one = graph.constant(1, np.float64)
    whole = graph.add("Add", values, one)
    lost = graph.add("Sub", values, graph.add("Sub", whole, one))
    return graph.add("Add", graph.add("Log", whole), graph.add("Div", lost, whole))


def _z_scores(graph: _Graph, values: str, scaling: ZScore, columns: npt.NDArray[np.int64]) -> str:
    """Centre and scale columns in float64, and return them in float32; constant ones become 0."""
    mean, scale = scaling.mean[columns], scaling.scale[columns]
    centred = graph.add("Sub", values, graph.constant(mean))
    scaled = graph.add("Div", centred, graph.constant(np.where(scale > 0, scale, np.inf)))
    return graph.cast(scaled, "FLOAT")


def _ranks(graph: _Graph, values: str, raw: str, scaling: Quantiles, columns: npt.NDArray[np.int64]) -> str:
    """Look up the level of each value's step.

    Where ``raw`` names the values before their logarithm, steps are put right by their edges in those.
    """
    grid = Grid(scaling.grid.minimum[columns], scaling.grid.maximum[columns], scaling.grid.n_bins)
    found = [steps_of(scaling, column, logged=bool(raw)) for column in columns.tolist()]
    table, n_cells = _step_table(graph, np.stack([steps.step_of_cell for steps in found]))
    first_cells = graph.constant(np.arange(len(columns)) * n_cells, np.int64)
    cells = graph.add("Add", _cells(graph, values, grid), first_cells)
    # An entry more for each column: where its last step ends.
    sizes = np.array([len(steps.levels) + 1 for steps in found])
    places = graph.cast(graph.add("Gather", table, cells), "INT64")
    places = graph.add("Add", places, graph.constant(np.cumsum(sizes) - sizes))
    if raw:
        edges = np.concatenate([np.append(steps.edges, np.inf) for steps in found])
        places = _put_right(graph, places, raw, edges)
    levels = np.concatenate([np.append(steps.levels, 0) for steps in found])
    return graph.add("Gather", graph.constant(levels, np.float32), places)


def _step_table(graph: _Graph, step_of_cell: npt.NDArray[np.int64]) -> tuple[str, int]:
    """Return the step of each cell, column after column, and how many cells of a column the table has.

    The graph holds one bit a cell, whether a step begins there, and adds them up when it is loaded.
    """
    bits = np.packbits(np.diff(step_of_cell, axis=1, prepend=0).astype(np.bool_), axis=1)
    n_columns, n_bytes = bits.shape
    packed = graph.cast(graph.constant(bits[:, :, np.newaxis]), "FLOAT")
    powers = 2.0 ** np.arange(7, -1, -1)
    one, both = (
        graph.add("Floor", graph.add("Div", packed, graph.constant(divisors, np.float32)))
        for divisors in (powers, 2 * powers)
    )
    begins = graph.add("Sub", one, graph.add("Mul", both, graph.constant(2, np.float32)))
    begins = graph.add("Reshape", begins, graph.constant([n_columns, 8 * n_bytes], np.int64))
    steps = graph.add("CumSum", begins, graph.constant(1, np.int64))  # below 2^24, so exact
    return graph.add("Reshape", steps, graph.constant([-1], np.int64)), 8 * n_bytes


def _cells(graph: _Graph, values: str, grid: Grid) -> str:
    """Find the cells of values as :meth:`cfmt.preprocessing.Grid.cells` does, step by step."""
    span = grid.maximum - grid.minimum
    centred = graph.add("Sub", values, graph.constant(grid.minimum))
    share = graph.add("Div", centred, graph.constant(np.where(span > 0, span, np.inf)))
    inside = graph.add("Clip", share, graph.constant(0, np.float64), graph.constant(1, np.float64))
    bins = graph.add("Floor", graph.add("Mul", inside, graph.constant(grid.n_bins, np.float64)))
    cells = graph.add("Min", bins, graph.constant(grid.n_bins - 1, np.float64))
    cells = graph.add("Add", graph.cast(cells, "INT64"), graph.constant(1, np.int64))
    for kind, sign, edge in (
        ("Greater", "Add", SNAP),
        ("GreaterOrEqual", "Add", 1 - SNAP),
        ("Greater", "Add", 1 + SNAP),
        ("Less", "Sub", -SNAP),
    ):
        beyond = graph.add(kind, share, graph.constant(edge, np.float64))
        cells = graph.add(sign, cells, graph.cast(beyond, "INT64"))
    return cells


def _put_right(graph: _Graph, steps: str, raw: str, edges: npt.NDArray[np.float64]) -> str:
    """Move each value's step by one where the value lies outside its edges."""
    table, one = graph.constant(edges), graph.constant(1, np.int64)
    below = graph.add("Less", raw, graph.add("Gather", table, steps))
    above = graph.add("GreaterOrEqual", raw, graph.add("Gather", table, graph.add("Add", steps, one)))
    moved = graph.add("Sub", steps, graph.cast(below, "INT64"))
    return graph.add("Add", moved, graph.cast(above, "INT64"))


def _word(graph: _Graph, name: str, words: tuple[str, ...]) -> str:
    """Return each word's place among those of training; of another, the place after the last."""
    return graph.add(
        "CategoryMapper",
        name,
        domain="ai.onnx.ml",
        cats_strings=words or ("",),  # an empty list has no type
        cats_int64s=list(range(len(words))) or [0],
        default_int64=len(words),
    )


def _probability(graph: _Graph, logit: str) -> str:
    """Return the logistic function in float64, as the native engine does, and round it to float32."""
    one = graph.constant(1, np.float64)
    odds = graph.add("Exp", graph.add("Neg", graph.cast(logit, "DOUBLE")))
    return graph.cast(graph.add("Div", one, graph.add("Add", one, odds)), "FLOAT")
