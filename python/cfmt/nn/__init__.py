"""Engines that train and score models over a table; torch is imported where it is asked for."""

from cfmt.nn.checks import diverged
from cfmt.nn.engine import Engine, SummingEngine
from cfmt.nn.factory import ENGINES, make_engine
from cfmt.nn.native import NativeEngine
from cfmt.nn.summing import sum_groups, train_and_add, train_and_sum
from cfmt.nn.values import Group, GroupResult, LocalTraining, Summed, Weighting

__all__ = [
    "ENGINES",
    "Engine",
    "Group",
    "GroupResult",
    "LocalTraining",
    "NativeEngine",
    "Summed",
    "SummingEngine",
    "Weighting",
    "diverged",
    "make_engine",
    "sum_groups",
    "train_and_add",
    "train_and_sum",
]
