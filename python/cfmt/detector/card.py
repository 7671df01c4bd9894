"""A detector's card: what a person should know of it before it is trusted.

Metadata come from a file, and from other versions of cfmt too: what is not there, or not what it should be,
counts as not recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from typing import Any

from cfmt.detector.detector import Detector
from cfmt.strict_json import plain

__all__ = ["Card", "make_card"]


@dataclass(frozen=True)
class Card:
    """What a detector is and what is known of it; None where that is not recorded.

    Parameters
    ----------
    version : str or None
        The cfmt that trained it.
    data : str or None
        Name of the data set.
    synthetic : bool or None
        Whether the traffic was generated.
    method : str or None
        Name of the method.
    seed : int or None
        Seed of the run.
    threshold : float
        Score from which a row is an alert; infinite where none is.
    rule : str or None
        How it was chosen.
    calibration : dict of str to object, or None
        What :meth:`cfmt.detector.Calibration.to_dict` said; None also where there was none.
    trained_threshold : float or None
        The threshold at which ``figures`` were taken.
    training : dict of str to object, or None
        Clients, rows and attacks.
    settings : dict of str to object, or None
        What it was trained with, by section.
    figures : dict of str to dict of str to float, or None
        For each test set, the main one first, its figures.
    sources : list of dict of str to object, or None
        The files of training and test.
    attack_types : list of str, or None
        Those of training.
    scaling : str
        ``z-score`` or ``quantile``.
    numeric, log1p, constant : list of str
        Numeric features that go in, those of them taken through ``log1p``, and those that are left out
        because they had one value in training.
    words : dict of str to int
        For each categorical feature the number of words that training had.
    hidden : int
        Hidden units.
    limits : list of str
        In plain words, what it cannot be trusted with.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector, make_card
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, _ = load_synthetic(500, 0, seed=0)
    >>> preprocessor = fit_preprocessor(train)
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> card = make_card(Detector(mlp, mlp.initial(seed=0), preprocessor, 0.5, {"data": "synthetic"}))
    >>> card.data, card.method, card.words["protocol_type"]
    ('synthetic', None, 3)
    """

    version: str | None
    data: str | None
    synthetic: bool | None
    method: str | None
    seed: int | None
    threshold: float
    rule: str | None
    calibration: dict[str, Any] | None
    trained_threshold: float | None
    training: dict[str, Any] | None
    settings: dict[str, Any] | None
    figures: dict[str, dict[str, Any]] | None
    sources: list[dict[str, Any]] | None
    attack_types: list[str] | None
    scaling: str
    numeric: list[str]
    log1p: list[str]
    constant: list[str]
    words: dict[str, int]
    hidden: int
    limits: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the card as what JSON can hold."""
        kept: dict[str, Any] = plain(asdict(self))
        return kept


def make_card(detector: Detector) -> Card:
    """Read what a detector is, and what its metadata say of it.

    Parameters
    ----------
    detector : Detector
        Of any version.

    Returns
    -------
    Card

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector, make_card
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, _ = load_synthetic(500, 0, seed=0)
    >>> preprocessor = fit_preprocessor(train)
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> card = make_card(Detector(mlp, mlp.initial(seed=0), preprocessor, 0.5, {"synthetic": True}))
    >>> card.limits[0]
    'It was trained on SYNTHETIC traffic: no result counts.'
    """
    metadata, preprocessor = _printable(detector.metadata), detector.preprocessor
    numeric, categorical, log1p = map(_printable, astuple(preprocessor.schema))
    kept = [name for name, is_kept in zip(numeric, preprocessor.kept, strict=True) if is_kept]
    calibration, chosen = _mapping(metadata.get("calibration")), _mapping(metadata.get("threshold")) or {}
    known = {
        "synthetic": _of(bool, metadata.get("synthetic")),
        "attack_types": _texts(metadata.get("attack_types")),
        "figures": _by_test(metadata.get("figures")),
    }
    constant = [name for name in numeric if name not in kept]
    return Card(
        version=_of(str, metadata.get("cfmt")),
        data=_of(str, metadata.get("data")),
        method=_of(str, metadata.get("method")),
        seed=_of(int, metadata.get("seed")),
        threshold=detector.threshold,
        rule=_of(str, (calibration or chosen).get("rule")),
        calibration=calibration,
        trained_threshold=_number(chosen.get("value")),
        training=_mapping(metadata.get("training")),
        settings=_mapping(metadata.get("settings")),
        sources=_objects(metadata.get("sources")),
        scaling=preprocessor.scaling.kind,
        numeric=kept,
        log1p=[name for name in log1p if name in kept],
        constant=constant,
        words=dict(zip(categorical, map(len, preprocessor.categories), strict=True)),
        hidden=detector.mlp.hidden,
        limits=[
            *_limits_of_training(known["synthetic"], known["attack_types"], known["figures"]),
            *_limits_of_features(preprocessor.scaling.kind, constant, bool(categorical)),
            *_limits_of_threshold(detector.threshold, calibration),
        ],
        **known,
    )


def _limits_of_training(
    synthetic: bool | None, types: list[str] | None, figures: dict[str, dict[str, Any]] | None
) -> list[str]:
    """Say what the detector was never shown, and how it fared with such attacks."""
    limits = ["It was trained on SYNTHETIC traffic: no result counts."] if synthetic else []
    if types is None:
        limits.append("Which attack types training had is not recorded: count on none.")
    else:
        limits.append(
            f"It saw {len(types)} attack types in training and no other, and finds only what is like them."
        )
    name, main = next(iter((figures or {}).items()), ("", {}))
    known, novel = _number(main.get("recall_known")), _number(main.get("recall_novel"))
    if known is not None and novel is not None:
        limits.append(
            f"In {name} it found {100 * known:.0f} % of the attacks of types in the training set, and "
            f"{100 * novel:.0f} % of those of other types."
        )
    return limits


def _limits_of_features(scaling: str, constant: list[str], has_words: bool) -> list[str]:
    """Say what the detector makes of values that training did not have."""
    limits = ["A word that training did not have counts as none."] if has_words else []
    limits.append(
        "Numbers beyond the range of training count as just beyond it, however far they are."
        if scaling == "quantile"
        else "Numbers beyond the range of training weigh as much as they are far: scores there are guesses."
    )
    if constant:
        limits.append(f"It does not look at what had one value in training: {', '.join(constant)}.")
    return limits


def _limits_of_threshold(threshold: float, calibration: dict[str, Any] | None) -> list[str]:
    """Say what the threshold and the figures at it are good for."""
    limits = ["Its threshold is infinite: it NEVER alerts."] if threshold == float("inf") else []
    limits.append(
        "The threshold was calibrated after training: figures at the threshold are those of the old one."
        if calibration
        else "The threshold is not of your site, where more or fewer flows may alert: see cfmt calibrate."
    )
    return [*limits, "A score ranks flows; it is not the share of such flows that are attacks."]


def _printable(value: Any) -> Any:
    """Replace what would steer a terminal, in all texts: a file may come from anybody."""
    match value:
        case str():
            return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in value)
        case Mapping():
            return {_printable(key): _printable(item) for key, item in value.items()}
        case list() | tuple():
            return [_printable(item) for item in value]
    return value


def _of(kind: type, value: Any) -> Any:
    """Return a value of the kind that it should be, else None."""
    return value if type(value) is kind else None


def _number(value: Any) -> float | None:
    """Return a number, an infinite one also from its text; else None."""
    if value == "Infinity":
        return float("inf")
    return float(value) if type(value) in (int, float) else None


def _mapping(value: Any) -> dict[str, Any] | None:
    """Return an object with entries, else None."""
    return dict(value) if isinstance(value, Mapping) and value else None


def _texts(value: Any) -> list[str] | None:
    """Return a list of texts, else None."""
    return list(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _objects(value: Any) -> list[dict[str, Any]] | None:
    """Return a list of objects, else None."""
    sound = isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value)
    return [dict(item) for item in value] if sound else None


def _by_test(value: Any) -> dict[str, dict[str, Any]] | None:
    """Return the figures of each test set by its name, in their order; else None."""
    tests = _objects(value) or [{}]
    if not all(isinstance(test.get("test"), str) for test in tests):
        return None
    return {test["test"]: {key: item for key, item in test.items() if key != "test"} for test in tests}
