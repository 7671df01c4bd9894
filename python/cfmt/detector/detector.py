"""The detector: model, preprocessing and threshold, with the verbs that a sensor needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt import _core
from cfmt.data import Table
from cfmt.data.columns import OTHER, Columns
from cfmt.detector.file import LAYERS, read_file, write_file
from cfmt.detector.scored import Explained, Scored
from cfmt.detector.scorer import make_scorer, raw_rows
from cfmt.errors import DataError
from cfmt.mlp import MLP
from cfmt.preprocessing import Preprocessor

__all__ = ["Detector"]

_FORMAT = 1
_LABELS = {"1": "attack", "0": "normal"}
_MOST_UNITS = 1 << 20  # of a layer: a file that claims more is damaged


@dataclass(frozen=True, eq=False)
class Detector:
    """A trained detector with all that it needs to score raw rows; 1 is an attack, 0 normal traffic.

    Parameters
    ----------
    mlp : MLP
        Shape of the model.
    params : ndarray of shape (n_params,), float32
        Its parameters, flat, all finite.
    preprocessor : Preprocessor
        From raw rows to the model's features.
    threshold : float
        Score from which a row is an alert, in [0, 1]; infinite where none is.
    metadata : dict of str to object
        Anything else worth keeping that JSON can hold, such as data set, method and seed.
    columns : Columns or None, default=None
        What the columns of a flow table are for, to score its like; None for a data set with its own reader.

    Raises
    ------
    TypeError
        If the parameters are not float32.
    ValueError
        If parameters, shape and preprocessing do not fit each other, a parameter is not finite, or the
        threshold is out of range.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, test = load_synthetic(500, 20, seed=0)
    >>> preprocessor = fit_preprocessor(train)
    >>> mlp = MLP(preprocessor.n_features, hidden=8)
    >>> detector = Detector(mlp, mlp.initial(seed=0), preprocessor, threshold=0.5)
    >>> detector.predict_proba(test).shape
    (20,)
    """

    mlp: MLP
    params: npt.NDArray[np.float32]
    preprocessor: Preprocessor
    threshold: float
    metadata: dict[str, Any] = field(default_factory=dict)
    columns: Columns | None = None

    def __post_init__(self) -> None:
        params, mlp = self.params, self.mlp
        if params.dtype != np.float32:
            raise TypeError(f"params must be float32, got {params.dtype}; use params.astype(np.float32)")
        if params.shape != (mlp.n_params,):
            raise ValueError(f"params must have shape ({mlp.n_params},) for {mlp}, got {params.shape}")
        if not np.isfinite(params).all():
            place = int(np.flatnonzero(~np.isfinite(params))[0])
            raise ValueError(f"params must be finite, but params[{place}] is {params[place]}; train again")
        if self.preprocessor.n_features != mlp.n_features:
            given = self.preprocessor.n_features
            raise ValueError(f"preprocessor must give {mlp.n_features} features for {mlp}, got {given}")
        if self.columns is not None and self.columns.schema != self.preprocessor.schema:
            raise ValueError("columns must give the features that the preprocessor takes, gives others")
        if not (0 <= self.threshold <= 1 or self.threshold == float("inf")):
            raise ValueError(
                f"threshold must lie in [0, 1], or be inf for no alert at all, got {self.threshold}"
            )

    def decision_function(self, table: Table) -> npt.NDArray[np.float32]:
        """Return the logit of each row, above 0 where an attack is likelier than normal traffic.

        Parameters
        ----------
        table : Table
            Raw rows with the schema of training; its labels are not looked at.

        Returns
        -------
        ndarray of shape (n_rows,), float32

        Raises
        ------
        ValueError
            If the table has another schema.
        """
        return self._scorer.logits(*raw_rows(self.preprocessor, table))

    def predict_proba(self, table: Table) -> npt.NDArray[np.float32]:
        """Return the attack probability of each row.

        Parameters
        ----------
        table : Table
            Raw rows with the schema of training; its labels are not looked at.

        Returns
        -------
        ndarray of shape (n_rows,), float32
            One number a row: within 1e-6 of what the engine makes of the preprocessed row.

        Raises
        ------
        ValueError
            If the table has another schema.
        """
        return self._scorer.scores(*raw_rows(self.preprocessor, table))

    def predict(self, table: Table) -> npt.NDArray[np.uint8]:
        """Return 1 for each row whose score reaches the threshold, else 0; shape (n_rows,)."""
        return (self.predict_proba(table) >= self.threshold).astype(np.uint8)

    def score(self, table: Table) -> Scored:
        """Return scores, alerts and the number of rows with an unknown word."""
        scores = self.predict_proba(table)
        return Scored(scores, scores >= self.threshold, int(self.unknown_words(table).sum()))

    def explain(self, table: Table) -> Explained:
        """Tell how much each column contributed to each row's logit.

        The parts are integrated gradients along the straight line from a baseline to the row, in closed form:
        each hidden unit is active on one stretch of that line. They add up to the difference of the logits.
        The baseline has each number at 0 after scaling, which is training's median (quantiles) or mean
        (z-scores), and no known word.

        Parameters
        ----------
        table : Table
            Raw rows with the schema of training; its labels are not looked at.

        Returns
        -------
        Explained

        Raises
        ------
        ValueError
            If the table has another schema.

        References
        ----------
        M. Sundararajan, A. Taly and Q. Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
        """
        columns = (*self.preprocessor.kept_numeric, *self.preprocessor.schema.categorical)
        parts = self._scorer.explain(*raw_rows(self.preprocessor, table))
        return Explained(columns, parts, self._scorer.baseline)

    def score_stream(self, tables: Iterable[Table]) -> Iterator[Scored]:
        """Score tables as they come; no more than one of them is held.

        Parameters
        ----------
        tables : iterable of Table
            Raw rows, such as the chunks of a file.

        Yields
        ------
        Scored
            One for each table.
        """
        for table in tables:
            yield self.score(table)

    def unknown_words(self, table: Table) -> npt.NDArray[np.bool_]:
        """Tell which rows have a word, in any categorical feature, that training did not have.

        A word that was too rare in training for a feature of its own counts as one that it did not have.
        """
        unknown = np.zeros(table.n_rows, np.bool_)
        for column, numbers in enumerate(self.preprocessor.word_numbers(table)):
            new = (numbers < 0) | np.array([word == OTHER for word in table.vocabularies[column]], np.bool_)
            if new.any():
                unknown |= new[table.categorical[:, column]]
        return unknown

    def save(self, path: Path | str) -> None:
        """Write the detector as one safetensors file, whole or not at all; equal detectors are equal files.

        Parameters
        ----------
        path : Path or str
            File to write or replace.

        Raises
        ------
        TypeError
            If JSON cannot hold the metadata.
        OSError
            If the file cannot be written.
        """
        header = {
            "format": _FORMAT,
            "labels": _LABELS,
            "mlp": asdict(self.mlp),
            "preprocessor": self.preprocessor.to_dict(),
            "threshold": repr(float(self.threshold)),  # text, for JSON has no infinity
            "metadata": dict(self.metadata),
        }
        if self.columns is not None:
            header["columns"] = self.columns.to_dict()
        write_file(Path(path), header, dict(zip(LAYERS, self._layers(), strict=True)))

    @classmethod
    def load(cls, path: Path | str) -> Detector:
        """Read what :meth:`save` wrote, bit by bit.

        Parameters
        ----------
        path : Path or str
            The file.

        Returns
        -------
        Detector

        Raises
        ------
        DataError
            If the file is missing, damaged, no detector, or of a format that this version does not know; or
            if a parameter, a scale or the threshold is not a sane number.
        """
        header, tensors = read_file(Path(path))
        found = header.get("format")
        if found != _FORMAT:
            raise DataError(
                f"{path}: has detector format {found!r}, this cfmt reads {_FORMAT}; "
                "use the cfmt that wrote it"
            )
        if header.get("labels") != _LABELS:
            raise DataError(
                f"{path}: has labels {header.get('labels')}, must be {_LABELS}; save the model again"
            )
        try:
            mlp, preprocessor = _shape(header["mlp"]), Preprocessor.from_dict(header["preprocessor"])
            return cls(
                mlp=mlp,
                params=_params(tensors, mlp),
                preprocessor=preprocessor,
                threshold=float(header["threshold"]),
                metadata=_mapping("metadata", header["metadata"]),
                columns=_columns(header["columns"], preprocessor) if "columns" in header else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: is not a whole detector ({error}); save the model again") from error

    def _layers(self) -> list[npt.NDArray[np.float32]]:
        """View the parameters layer by layer."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.mlp.shapes])[:-1]
        parts = zip(np.split(self.params, ends), self.mlp.shapes, strict=True)
        return [np.ascontiguousarray(part.reshape(shape)) for part, shape in parts]

    @cached_property
    def _scorer(self) -> _core.Scorer:
        """Compile the detector when it is first used."""
        return make_scorer(self.preprocessor, self.params, self.mlp.hidden)

    def __getstate__(self) -> dict[str, Any]:
        """Return what is worth keeping: the compiled kernel is not."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def _mapping(name: str, value: Any) -> dict[str, Any]:
    """Refuse what is no JSON object."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be an object, got {type(value).__name__}")
    return dict(value)


def _params(tensors: Mapping[str, npt.NDArray[Any]], mlp: MLP) -> npt.NDArray[np.float32]:
    """Lay the layers out flat, and refuse one of another shape, such as a transposed one."""
    for name, shape in zip(LAYERS, mlp.shapes, strict=True):
        if tensors[name].shape != shape:
            raise ValueError(f"{name} must have shape {shape}, got {tensors[name].shape}")
    return np.concatenate([tensors[name].reshape(-1) for name in LAYERS])


def _columns(values: Mapping[str, Any], preprocessor: Preprocessor) -> Columns:
    """Take back the columns, with those of words in the preprocessor's order: files sort their names."""
    found = Columns.from_dict(values)
    order = {name: place for place, name in enumerate(preprocessor.schema.categorical)}
    names = sorted(found.words, key=lambda name: order.get(name, len(order)))
    return replace(found, words={name: found.words[name] for name in names})


def _shape(values: Any) -> MLP:
    """Read the model's shape, and refuse one that no detector has."""
    mlp = MLP(**_mapping("mlp", values))
    for name in ("n_features", "hidden", "n_outputs"):
        size = getattr(mlp, name)
        if type(size) is not int or size > (1 if name == "n_outputs" else _MOST_UNITS):
            raise ValueError(f"mlp.{name} is out of range, got {size!r}")
    return mlp
