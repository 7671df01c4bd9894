"""Tables of a single finished run."""

from __future__ import annotations

import math
from dataclasses import replace

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cfmt.experiment.record import RunRecord
from cfmt.experiment.setting import Setting
from cfmt.federated.evaluation import Evaluation
from cfmt.report.labels import attack_kinds, format_number, label_of
from cfmt.report.tables import heading, new_table

__all__ = ["run_tables"]

_FIGURES = (
    "roc_auc",
    "pr_auc",
    "f1",
    "macro_f1",
    "f1_at_threshold",
    "macro_f1_at_threshold",
    "fpr_at_threshold",
    "recall_at_fpr_1",
    "recall_at_fpr_5",
)


_MOST_KINDS = 7


def run_tables(record: RunRecord, setting: Setting) -> RenderableType:
    """Lay a run out: detection, recall by kind of attack, thresholds, clients, clusters.

    Parameters
    ----------
    record : RunRecord
        The run.
    setting : Setting
        For the heading, with the seed of the run; synthetic data are announced as such.

    Returns
    -------
    rich renderable
        At most 100 columns wide.
    """
    evaluation = record.evaluation
    tables = [_detection(evaluation), _recall(evaluation), _decisions(evaluation), _particulars(record)]
    if evaluation.clusters:
        tables.append(_clusters(evaluation))
    of_run = replace(setting, seeds=(record.seed,))
    parts: list[RenderableType] = [heading(of_run, record.method)]
    for table in tables:
        parts += [table, ""]
    return Group(*parts)


def _detection(evaluation: Evaluation) -> Table:
    """Tabulate the figures of detection on each test set and on the clients' validation rows."""
    tests = evaluation.tests
    table = new_table("Detection", ["", *tests, "clients' validation rows"])
    for metric in _FIGURES:
        columns = [*tests.values(), evaluation.validation]
        cells = (format_number(column.get(metric, math.nan), 3) for column in columns)
        table.add_row(_one_line(metric), *cells)
    trivial = [format_number(test["f1_all_attack"], 3) for test in tests.values()]
    table.add_row("F1 of all attack", *trivial, "-", style="dim italic")
    return table


def _recall(evaluation: Evaluation) -> Table:
    """Tabulate the recall of each kind of attack on each test set."""
    kinds = attack_kinds(next(iter(evaluation.tests.values())))
    title = "Recall at the threshold, by kind of attack"
    if len(kinds) > _MOST_KINDS:  # of columns; more of them stand under each other
        table = new_table(title, ["", *evaluation.tests])
        for kind in kinds:
            found = (format_number(figures[kind], 3) for figures in evaluation.tests.values())
            table.add_row(Text(_one_line(kind)), *found)
        return table
    table = new_table(title, ["", *map(_one_line, kinds)])
    for name, figures in evaluation.tests.items():
        table.add_row(name, *(format_number(figures[kind], 3) for kind in kinds))
    return table


def _decisions(evaluation: Evaluation) -> Table:
    """Tabulate each threshold with the alerts and the figures of the main test set that follow."""
    main = next(iter(evaluation.tests))
    headings = ["rule", "threshold", "alerts per million\nbenign flows", "F1", "macro-F1", "recall", "FPR"]
    table = new_table("Thresholds, chosen on the clients' validation rows", headings)
    for decision in evaluation.decisions:
        figures = decision.tests[main]
        numbers = [(decision.threshold, 4), (decision.alerts_per_million, 0)]
        numbers += [(figures[name], 3) for name in ("f1", "macro_f1", "recall", "fpr")]
        table.add_row(Text(decision.rule), *(format_number(*number) for number in numbers))
    return table


def _particulars(record: RunRecord) -> Table:
    """Tabulate the clients' spread of F1, the rounds, the traffic and the time."""
    evaluation = record.evaluation
    clients, figures = evaluation.clients, next(iter(record.metrics.values()))
    table = new_table("Clients and cost", ["", ""])
    table.show_header = False
    rows = {
        "clients evaluated, with an attack to find": (clients["n_evaluated"], 0),
        "F1 of the worst client": (clients["worst_f1"], 3),
        "F1 of the client at the 10th percentile": (clients["p10_f1"], 3),
        "rounds": (len(record.reports), 0),
        "traffic [MB]": (figures["megabytes"], 1),
        "time of training [s]": (figures["seconds"], 1),
    }
    for name, (value, digits) in rows.items():
        table.add_row(Text(name), format_number(value, digits))
    return table


def _clusters(evaluation: Evaluation) -> Table:
    """Tabulate for each cluster the ROC-AUC of its model beside that of the global one."""
    headings = ["cluster", "clients", "rows", "ROC-AUC of\nits model", "ROC-AUC of\nglobal model"]
    table = new_table("Clusters, on their clients' validation rows", headings)
    digits = {"cluster": 0, "n_clients": 0, "n_rows": 0, "roc_auc_cluster": 3, "roc_auc_global": 3}
    for cluster in evaluation.clusters:
        table.add_row(*(format_number(cluster[key], places) for key, places in digits.items()))
    return table


def _one_line(metric: str) -> str:
    """Return the title of a metric without line breaks."""
    return label_of(metric).title.replace("\n", " ")
