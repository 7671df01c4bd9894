"""``cfmt inspect``: a detector's card; needs neither torch nor matplotlib."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cfmt.cli.files import DetectorFile
from cfmt.cli.options import JsonFlag
from cfmt.cli.tables import make_table, show
from cfmt.strict_json import dumps

if TYPE_CHECKING:
    from cfmt.detector import Card

__all__ = ["inspect"]

_UNKNOWN = "not recorded"
_FIGURES = {
    "rows": "rows",
    "attacks": "attacks",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "f1_at_threshold": "F1 at the threshold",
    "fpr_at_threshold": "FPR at the threshold",
    "recall": "recall at the threshold",
    "recall_known": "  of types in the training set",
    "recall_novel": "  of other types",
}
_NO_FAMILY = {"recall", "recall_known", "recall_novel", "recall_macro_types"}
_WIDTH = 78
_WORDS = {"None": "none", "True": "yes", "False": "no"}


def inspect(detector: DetectorFile, json_only: JsonFlag = False) -> None:
    """Show a detector's card: training, figures, threshold, features, limits.

    What an older cfmt did not write down is called not recorded.
    """
    from cfmt.detector import Detector, make_card
    from cfmt.files import sha256_of

    card = make_card(Detector.load(detector))
    digest = sha256_of(detector.read_bytes())
    if json_only:
        typer.echo(dumps(card.to_dict() | {"sha256": digest}))
        return
    typer.echo(f"{detector}\nsha256 {digest}\n")
    show(*_parts(card))


def _parts(card: Card) -> Iterator[RenderableType]:
    """Lay the card out, part by part, 80 columns wide at most."""
    yield _lines("Detector", _training(card))
    yield from _figures(card)
    yield _lines("Features that go in", _features(card))
    yield from _files(card)
    yield _lines("Settings", _settings(card.settings))
    yield Text("Limits", style="bold")
    for limit in card.limits:
        first, *others = _wrapped(limit, _WIDTH - 2)
        yield Text("\n".join([f"- {first}", *(f"  {line}" for line in others)]))


def _lines(title: str, entries: Mapping[str, str]) -> RenderableType:
    """Lay names and texts out in two columns under a title, long texts on several lines."""
    wide = max(map(len, entries)) + 2
    text = Text(f"{title}\n", style="bold")
    for name, value in entries.items():
        lines = _wrapped(value, _WIDTH - wide - 2)
        text.append(f"  {name:<{wide}}{lines[0]}\n", style="not bold")
        for line in lines[1:]:
            text.append(f"  {'':<{wide}}{line}\n", style="not bold")
    return text


def _wrapped(text: str, width: int) -> list[str]:
    """Cut a text into lines, between words and never before a percent sign; at least one line."""
    lines = textwrap.wrap(text.replace(" %", "\xa0%"), width)
    return [line.replace("\xa0%", " %") for line in lines] or [""]


def _training(card: Card) -> dict[str, str]:
    """Say what the detector was trained on and how, and by which rule it alerts."""
    of_data = {True: " (SYNTHETIC: no result counts)", False: "", None: ""}[card.synthetic]
    seed = "" if card.seed is None else f", seed {card.seed}"
    entries = {
        "data set": f"{card.data or _UNKNOWN}{of_data}",
        "method": f"{card.method or _UNKNOWN}{seed}",
        "trained on": _counts(card),
        "model": f"{len(card.numeric) + sum(card.words.values())} inputs, {card.hidden} hidden units",
        "cfmt": card.version or _UNKNOWN,
    }
    if card.calibration:
        return entries | _calibrated(card, card.calibration)
    rule = f"by {card.rule} on the clients' validation rows" if card.rule else f"its rule is {_UNKNOWN}"
    return entries | {"threshold": f"{card.threshold:.6g}, {rule}"}


def _calibrated(card: Card, done: Mapping[str, Any]) -> dict[str, str]:
    """Say how the threshold was calibrated, and how sure its false-positive rate is."""
    old, ends, sure = done.get("old_threshold"), done.get("fpr_interval"), ""
    if isinstance(ends, list) and len(ends) == 2 and all(isinstance(end, float) for end in ends):
        sure = f"; of flows like these {100 * ends[0]:.3g} % to {100 * ends[1]:.3g} % alert"
    was = f"{old:.6g}" if isinstance(old, float) else f"{old}".lower()
    rule = card.rule or f"rule {_UNKNOWN}"
    return {
        "threshold": f"{card.threshold:.6g}, {was} before it was calibrated",
        "calibrated": f"{rule}, on {_number(done.get('rows'), 0)} benign flows of a site{sure}",
    }


def _counts(card: Card) -> str:
    """Count rows, attacks, attack types and clients of training."""
    if card.training is None:
        return _UNKNOWN
    rows, attacks, clients = (_number(card.training.get(key), 0) for key in ("rows", "attacks", "clients"))
    types = "" if card.attack_types is None else f" of {len(card.attack_types)} types"
    return f"{rows} rows, {attacks} of them attacks{types}, at {clients} clients"


def _figures(card: Card) -> Iterator[RenderableType]:
    """Tabulate the figures of each test set, and the recall of each family."""
    if card.figures is None:
        yield _lines("Figures on test", {"figures": _UNKNOWN})
        return
    tests = list(card.figures.values())
    rows = [
        (title, *(_number(test.get(key), 0 if key in ("rows", "attacks") else 3) for test in tests))
        for key, title in _FIGURES.items()
    ]
    families = [
        key
        for key in tests[0]
        if key.startswith("recall_") and key not in _NO_FAMILY and "_at_fpr_" not in key
    ]
    rows += [
        (f"  of {key.removeprefix('recall_')}", *(_number(test.get(key), 3) for test in tests))
        for key in families
    ]
    at = "" if card.trained_threshold is None else f", at the threshold {card.trained_threshold:.6g}"
    yield make_table(f"Figures on test{at}", ("", *card.figures), rows, numbers=len(tests))


def _features(card: Card) -> dict[str, str]:
    """Name the features, with the number of words of each categorical one."""
    words = ", ".join(f"{name} ({count} words)" for name, count in card.words.items())
    return {
        f"numeric ({len(card.numeric)})": ", ".join(card.numeric) or "none",
        "  of these log1p": ", ".join(card.log1p) or "none",
        "  scaled by": card.scaling,
        "categorical": words or "none",
        "left out": f"{', '.join(card.constant)} (constant)" if card.constant else "none",
    }


def _files(card: Card) -> Iterator[RenderableType]:
    """Tabulate the files of training and test; each SHA-256 has a line of its own."""
    if card.sources is None:
        yield _lines("Files", {"files": _UNKNOWN})
        return
    published = {"True": "as published", "False": "NOT as published"}
    lines = [Text("Files", style="bold")]
    for source in card.sources:
        state = published.get(repr(source.get("published")), "not known as published or not")
        if card.synthetic:
            state = "figures that rows are generated from"
        rows = _number(source.get("n_rows"), 0)
        lines.append(Text(f"  {source.get('name')} ({source.get('part')}): {rows} rows, {state}"))
        lines.append(Text(f"    {source.get('sha256')}"))
    yield from lines
    yield Text("")


def _settings(settings: Mapping[str, Any] | None) -> dict[str, str]:
    """Write each section of the settings in one line."""
    if settings is None:
        return {"settings": _UNKNOWN}
    return {str(name): _written(value) for name, value in settings.items()}


def _written(value: Any, *, inside: bool = False) -> str:
    """Write a setting; an object by its class, if it has one, and its fields."""
    if isinstance(value, Mapping):
        fields = [f"{key} {_written(item, inside=True)}" for key, item in value.items() if key != "is"]
        named = ", ".join(fields)
        kind = value.get("is", "") if inside else ""
        return f"{kind}({named})" if kind and named else f"{kind}{named}"
    if isinstance(value, list):
        return " ".join(_written(item, inside=True) for item in value)
    return _WORDS.get(repr(value), str(value))


def _number(value: Any, digits: int) -> str:
    """Write a number; a dash for what is none."""
    return f"{value:,.{digits}f}" if type(value) in (int, float) else "-"
