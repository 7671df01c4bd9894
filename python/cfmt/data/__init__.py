"""Labelled traffic: loading, checking and generating it.

Importing this package loads numpy and nothing heavier; reading NSL-KDD's files needs polars.
"""

from cfmt.data.inspection import Description, FileCheck, describe, verify
from cfmt.data.nsl_kdd import load_nsl_kdd, load_nsl_kdd_file
from cfmt.data.nsl_kdd_flows import Flows, read_flows, to_nsl_kdd_text
from cfmt.data.reading import DataWarning
from cfmt.data.registry import DATA_SETS, DataSet, PublishedFile, data_set, identify
from cfmt.data.schema import Schema, Source, Table, novel_rows
from cfmt.data.synthetic import load_synthetic

__all__ = [
    "DATA_SETS",
    "DataSet",
    "DataWarning",
    "Description",
    "FileCheck",
    "Flows",
    "PublishedFile",
    "Schema",
    "Source",
    "Table",
    "data_set",
    "describe",
    "identify",
    "load_nsl_kdd",
    "load_nsl_kdd_file",
    "load_synthetic",
    "novel_rows",
    "read_flows",
    "to_nsl_kdd_text",
    "verify",
]
