"""What stays of a run: its directory, tables, plots and summary. The only package that imports matplotlib."""

from cfmt.report.clients import plot_clients
from cfmt.report.curves import plot_curves, plot_intervals
from cfmt.report.environment import describe_environment
from cfmt.report.figures import save_figure
from cfmt.report.labels import METRICS
from cfmt.report.record import RunRecord, by_method, metrics_by_method
from cfmt.report.run_directory import RunDirectory
from cfmt.report.run_table import run_tables
from cfmt.report.setting import Setting
from cfmt.report.summary import summary_dict
from cfmt.report.tables import comparison_tables

__all__ = [
    "METRICS",
    "RunDirectory",
    "RunRecord",
    "Setting",
    "by_method",
    "comparison_tables",
    "describe_environment",
    "metrics_by_method",
    "plot_clients",
    "plot_curves",
    "plot_intervals",
    "run_tables",
    "save_figure",
    "summary_dict",
]
