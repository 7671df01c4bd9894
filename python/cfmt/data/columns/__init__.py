"""What each column of a flow table is for: judged by its name and values, kept, and enforced."""

from cfmt.data.columns.inference import Suspect, infer_columns, suspects
from cfmt.data.columns.names import PORT_BUCKETS, normalised, port_bucket, reason_by_name
from cfmt.data.columns.roles import ROLES, flow_roles
from cfmt.data.columns.spec import OTHER, Columns
from cfmt.data.columns.tabulate import Tabulated, needed_of, table_of, tabulate

__all__ = [
    "OTHER",
    "PORT_BUCKETS",
    "ROLES",
    "Columns",
    "Suspect",
    "Tabulated",
    "flow_roles",
    "infer_columns",
    "needed_of",
    "normalised",
    "port_bucket",
    "reason_by_name",
    "suspects",
    "table_of",
    "tabulate",
]
