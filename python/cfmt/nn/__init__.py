"""Engines that train and score models over a table; torch is imported where it is asked for."""

from cfmt.nn.engine import Engine, GroupResult, LocalTraining, Summed, SummingEngine, diverged
from cfmt.nn.factory import ENGINES, make_engine
from cfmt.nn.native import NativeEngine
from cfmt.nn.summing import sum_groups

__all__ = [
    "ENGINES",
    "Engine",
    "GroupResult",
    "LocalTraining",
    "NativeEngine",
    "Summed",
    "SummingEngine",
    "diverged",
    "make_engine",
    "sum_groups",
]
