"""Labelled traffic: loading, checking, generating and preprocessing it.

Importing this package loads numpy and nothing heavier; reading NSL-KDD's files needs polars.
"""

from cfmt.data.catalogue import DATA_SETS, DataSet, PublishedFile, data_set, identify
from cfmt.data.inspection import Description, FileCheck, describe, verify
from cfmt.data.nsl_kdd import load_nsl_kdd, load_nsl_kdd_file
from cfmt.data.preprocessing import Preprocessor, fit_preprocessor
from cfmt.data.reading import DataWarning
from cfmt.data.scaling import Quantiles, ZScore
from cfmt.data.schema import Schema, Source, Table, novel_rows
from cfmt.data.sketch import Grid, Sketch, sketch_values
from cfmt.data.summary import Summary, summarise
from cfmt.data.synthetic import load_synthetic

__all__ = [
    "DATA_SETS",
    "DataSet",
    "DataWarning",
    "Description",
    "FileCheck",
    "Grid",
    "Preprocessor",
    "PublishedFile",
    "Quantiles",
    "Schema",
    "Sketch",
    "Source",
    "Summary",
    "Table",
    "ZScore",
    "data_set",
    "describe",
    "fit_preprocessor",
    "identify",
    "load_nsl_kdd",
    "load_nsl_kdd_file",
    "load_synthetic",
    "novel_rows",
    "sketch_values",
    "summarise",
    "verify",
]
