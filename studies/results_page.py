"""docs/results.md, made of the files of results and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from cfmt.errors import RunDirectoryError
from cfmt.experiment.record import metrics_by_method
from cfmt.experiment.statistics import Interval, paired, summarise_runs
from cfmt.files import read_json_lines, write_atomic
from cfmt.report.curves import plot_curves, plot_intervals
from cfmt.report.figures import save_figure
from cfmt.report.labels import attack_kinds, format_interval, format_number
from cfmt.report.tables import DIFFERENCES, METRIC_TABLES, sorted_names
from studies.fold_check import LOG, check_report
from studies.leave_types_out import leave_types_out_report
from studies.markdown import differences_table, markdown_table, methods_table
from studies.study import Heading, ResultRow, Study, read_study

__all__ = ["PUBLISHED", "write_page"]

BASELINE, OURS = "fedavg", "cfmt"
VERDICT = ("roc_auc", "f1_at_threshold")

PUBLISHED: Mapping[str, tuple[float, float]] = {
    "fedavg": (0.78, 0.84),
    "fedprox": (0.80, 0.85),
    "fed-over": (0.82, 0.87),
    "fed-under": (0.79, 0.84),
    "cfmt": (0.86, 0.90),
}
"""F1 and AUC as published for NSL-KDD, without split, seeds, alpha, imbalance or variance."""

_INTRODUCTION = """\
# Results

This page is made by `make results` of the files in `{folder}`, its `findings.md` among them. Methods are
trained on clients with training rows of {data} and judged once, after the last round, on {test}. Nothing
was chosen by a score on the test file: thresholds are chosen on the clients' validation rows (main rule:
`{rule}`), settings on folds of the training rows, by macro averages over attack types.
Figures are means over {seeds} seeds with half the 95 % Student interval; a seed moves partition,
initialisation and every draw. Differences are paired by seed and bold where their interval excludes 0;
*all attack* calls every row an attack and costs nothing to build; *macro types* averages over attack
types, all else over rows.
"""
_QUICK = "**The quick form: few rounds and seeds, to see that everything runs. It proves nothing.**\n"
_SYNTHETIC = "**SYNTHETIC traffic: these figures say nothing about real traffic.**\n"
_PUBLISHED = """\
The published figures come without data split, seeds, settings or variance, and no code; how they were
measured is unknown, so they stand beside ours and are not compared with them. Ours are of the scenario
`{study}`.
"""
_IN_DISTRIBUTION = """\
A random part of the training file has the same attack types, the same hosts and nearly the same rows as the
rest, so almost any detector does well on it: these numbers mean little, and are here because others report
such splits.
"""
_COMMANDS = """\
    make results DATA=DIR            # all of it; finished runs are kept
    make results DATA=DIR QUICK=1    # a look
    make results-anew DATA=DIR       # the searches and the check of the folds, too
"""

Intervals = Mapping[str, Mapping[str, Interval]]


def write_page(folder: Path, page: Path, *, order: Sequence[str], apart: str, tuned: Path | None) -> None:
    """Write the page and its figures.

    Parameters
    ----------
    folder : Path
        Holds a file of results for each study; its folder ``figures`` gets the plots.
    page : Path
        The page to write.
    order : sequence of str
        Studies in the order of the page; those without a file are left out.
    apart : str
        Study that gets a table of its own at the end, because it is no test.
    tuned : Path or None
        Folder of the search, for its logs.

    Raises
    ------
    RunDirectoryError
        If there is no file of results, or one is damaged.
    """
    files = [path for path in (folder / f"{name}.jsonl" for name in order) if path.exists()]
    found = [_whole(path) for path in files]
    studies = [study for study in found if study.heading.study != apart]
    if not studies:
        raise RunDirectoryError(f"{folder}: holds no results; make them with: make results")
    (folder / "figures").mkdir(exist_ok=True)
    where = folder.relative_to(page.parent) if folder.is_relative_to(page.parent) else folder
    heading, test = studies[0].heading, next(iter(studies[0].rows[0].metrics))
    parts = [
        _INTRODUCTION.format(
            folder=where, data=heading.data, test=test, rule=heading.threshold[0], seeds=len(heading.seeds)
        ),
        _QUICK if heading.quick else "",
        _SYNTHETIC if heading.synthetic else "",
        *_verdict(studies),
        *_findings(folder),
        *_beside_published(studies),
    ]
    for study in studies:
        parts += _scenario(study, folder, where)
    parts += [part for study in found if study.heading.study == apart for part in _apart(study)]
    parts += leave_types_out_report(folder, order, ours=OURS, test=test)
    parts += [*_settings(studies, tuned), *check_report(tuned, test), *_origin(heading)]
    write_atomic(page, "\n".join(part for part in parts if part))


def _whole(path: Path) -> Study:
    """Read a study and refuse one of which runs are missing: no seed is left out of a mean."""
    study = read_study(path)
    seeds = {name: [row.seed for row in study.rows if row.method == name] for name in study.methods}
    if not seeds or any(sorted(found) != sorted(study.heading.seeds) for found in seeds.values()):
        raise RunDirectoryError(f"{path}: lacks some runs; resume with: make results")
    return study


def _summaries(rows: Sequence[ResultRow], test: str | None = None) -> tuple[Intervals, Intervals]:
    return summarise_runs(metrics_by_method(rows, test), baseline=BASELINE)


def _ahead_of(rows: Sequence[ResultRow]) -> dict[str, dict[str, Interval]]:
    """CFMT minus each other method, paired by seed."""
    runs = metrics_by_method(rows)
    return {
        name: {m: paired([run[m] for run in runs[OURS]], [run[m] for run in found]) for m in found[0]}
        for name, found in runs.items()
        if name != OURS
    }


def _findings(folder: Path) -> Iterator[str]:
    """Take in what people make of the figures: the one part of the page that is written by hand."""
    path = folder / "findings.md"
    if path.exists():
        yield path.read_text(encoding="utf-8")


def _verdict(studies: Sequence[Study]) -> Iterator[str]:
    rows = []
    for study in studies:
        methods, _ = _summaries(study.of(ablations=False))
        if OURS not in methods:
            continue
        differences = _ahead_of(study.of(ablations=False))
        ahead = [name for name, d in differences.items() if all(d[metric].low > 0 for metric in VERDICT)]
        behind = [name for name in differences if name not in ahead]
        figures = (format_interval(methods[OURS][metric], 3) for metric in VERDICT)
        names = (", ".join(f"`{name}`" for name in part) or "none" for part in (ahead, behind))
        rows.append([f"`{study.heading.study}`", *figures, *names])
    columns = ["scenario", "CFMT's ROC-AUC", "CFMT's F1 at threshold", "ahead of", "not ahead of"]
    yield "## In short\n"
    yield "*Ahead*: the paired 95 % intervals of both ROC-AUC and F1 at the threshold lie above 0.\n"
    yield markdown_table(columns, rows)


def _beside_published(studies: Sequence[Study]) -> Iterator[str]:
    study = next((study for study in studies if study.heading.study == "prevalence-5"), studies[0])
    methods, _ = _summaries(study.of(ablations=False))
    shown = ("f1_at_threshold", "f1", "roc_auc")
    rows = []
    for name, (f1, auc) in PUBLISHED.items():
        ours = (
            [format_interval(methods[name][m], 3) for m in shown] if name in methods else ["-"] * len(shown)
        )
        rows.append([f"`{name}`", f"{f1:.2f}", f"{auc:.2f}", *ours])
    f1_all_attack = next(iter(methods.values()))["f1_all_attack"].mean
    rows.append(["*all attack*", "-", "-", *[f"*{format_number(f1_all_attack, 3)}*"] * 2, "*0.500*"])
    columns = ["method", "published F1", "published AUC", "F1 at threshold", "F1 at 0.5", "ROC-AUC"]
    yield "## Published figures\n"
    yield _PUBLISHED.format(study=study.heading.study)
    yield markdown_table(columns, rows)


def _scenario(study: Study, folder: Path, where: Path) -> Iterator[str]:
    heading, rows = study.heading, study.of(ablations=False)
    methods, differences = _summaries(rows)
    names = sorted_names(methods, "roc_auc")
    test, *other_tests = rows[0].metrics
    yield f"## {heading.study}\n"
    yield f"{heading.opening}. {test}, {heading.rounds} rounds.\n"
    for title, metrics in METRIC_TABLES.items():
        yield f"### {title}\n"
        yield methods_table(methods, names, metrics or _recalls(methods[names[0]]))
    others = [metric for metric in methods[names[0]] if "@" in metric]
    if others:
        yield "### Other threshold rules\n"
        yield methods_table(methods, names, others)
    yield "### Differences\n"
    yield differences_table(differences, DIFFERENCES, first=f"minus `{BASELINE}`")
    if OURS in methods:
        yield differences_table(_ahead_of(rows), DIFFERENCES, first=f"`{OURS}` minus")
    for other in other_tests:
        yield f"### {other}\n"
        yield methods_table(
            _summaries(rows, other)[0], names, ("roc_auc", "f1", "f1_at_threshold", "recall_novel")
        )
    yield from _figures(heading, rows, methods, test, folder, where)
    yield from _ablations(study)


def _recalls(figures: Iterable[str]) -> list[str]:
    """Pick the recalls of a table; runs of an older cfmt have none in the macro average over attack types."""
    return attack_kinds(figures) + [name for name in figures if name == "recall_macro_types"]


def _figures(
    heading: Heading, rows: Sequence[ResultRow], methods: Intervals, test: str, folder: Path, where: Path
) -> Iterator[str]:
    plots = {
        "methods": plot_intervals(methods, heading.setting, test=test),
        "curves": plot_curves(rows, heading.setting),
    }
    titles = {
        "methods": "Methods with their intervals",
        "curves": "Learning curves",
    }
    for kind, figure in plots.items():
        (path,) = save_figure(figure, folder / "figures", f"{heading.study}-{kind}", kinds=("svg",))
        yield f"![{titles[kind]}: {heading.study}]({where / 'figures' / path.name})\n"


def _ablations(study: Study) -> Iterator[str]:
    if not study.heading.ablations:
        return
    rows = study.of(ablations=True)
    methods, _ = summarise_runs(metrics_by_method(rows), baseline=OURS)
    names = [OURS, *(name for name in sorted_names(methods, "roc_auc") if name != OURS)]
    without = {name: {m: _minus(d) for m, d in column.items()} for name, column in _ahead_of(rows).items()}
    yield "### Ablations: CFMT with one thing changed\n"
    yield methods_table(methods, names, ("roc_auc", "pr_auc", "f1", "f1_at_threshold", "recall_novel"))
    yield differences_table({n: without[n] for n in names[1:]}, DIFFERENCES, first=f"minus `{OURS}`")


def _minus(found: Interval) -> Interval:
    return Interval(-found.mean, -found.high, -found.low, tuple(-value for value in found.values))


def _apart(study: Study) -> Iterator[str]:
    methods, _ = _summaries(study.rows)
    yield f"## {study.heading.study}\n"
    yield _IN_DISTRIBUTION
    yield methods_table(
        methods, sorted_names(methods, "roc_auc"), ("roc_auc", "pr_auc", "f1", "f1_at_threshold")
    )


def _settings(studies: Sequence[Study], tuned: Path | None) -> Iterator[str]:
    yield "## Settings\n"
    found: dict[tuple[str, str], list[str]] = {}
    for study in studies:
        for method, keys in study.heading.settings.items():
            words = ", ".join(f"`{key}` = {value}" for key, value in keys.items()) or "as configured"
            found.setdefault((method, words), []).append(f"`{study.heading.study}`")
    rows = [
        [f"`{method}`", words, "all" if len(names) == len(studies) else ", ".join(names)]
        for (method, words), names in found.items()
    ]
    if not rows:
        yield "All methods have the settings of the configuration; nothing was tuned.\n"
        return
    yield markdown_table(["method", "found on folds of the training rows", "scenarios"], rows, texts=3)
    logs = sorted(tuned.rglob("*.jsonl")) if tuned else []
    counts = {len(read_json_lines(log)) - 1 for log in logs if log.name != LOG}
    if counts:
        trials = ", ".join(map(str, sorted(counts)))
        yield f"Trials of each method: {trials}. The logs stand beside the settings.\n"


def _origin(heading: Heading) -> Iterator[str]:
    environment = heading.environment
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items() if version)
    git = environment["git"] or {"commit": "unknown", "dirty": None}
    state = " with uncommitted changes" if git["dirty"] else ""
    yield "## Origin\n"
    machine = f"{environment['cpu']}, {environment['threads']} threads"
    yield f"{versions}; {machine}; commit {git['commit']}{state}.\n"
    files = ", ".join(
        f"{source['name']} (SHA-256 {source['sha256'][:12]}…)" for source in environment["sources"]
    )
    yield f"Data: {files}.\n"
    yield _COMMANDS
