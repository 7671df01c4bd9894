"""Federations of clients, methods as values, and the rounds that train them."""

from cfmt.federated.aggregators import Aggregate, Aggregator, ClientWeighting, WeightedMean
from cfmt.federated.evaluation import CurvePoint, Decision, Evaluation, evaluate
from cfmt.federated.federation import Federation, TestSet
from cfmt.federated.methods import (
    METHODS,
    Clustering,
    Method,
    ablations,
    cfmt,
    class_weighted,
    fed_over,
    fed_under,
    fedavg,
    fedprox,
    method_named,
)
from cfmt.federated.round import run_round
from cfmt.federated.samplers import MetaSampler, NoSampler, OverSampler, Sampler, UnderSampler, Unsteered
from cfmt.federated.simulation import Run, Settings, compare, draw_cohort, rounds, simulate
from cfmt.federated.state import RoundReport, State, initial_state
from cfmt.policies import FixedMu, HandRule, LearnedMu, Policy, RandomMu, Stateless

__all__ = [
    "METHODS",
    "Aggregate",
    "Aggregator",
    "ClientWeighting",
    "Clustering",
    "CurvePoint",
    "Decision",
    "Evaluation",
    "Federation",
    "FixedMu",
    "HandRule",
    "LearnedMu",
    "MetaSampler",
    "Method",
    "NoSampler",
    "OverSampler",
    "Policy",
    "RandomMu",
    "RoundReport",
    "Run",
    "Sampler",
    "Settings",
    "State",
    "Stateless",
    "TestSet",
    "UnderSampler",
    "Unsteered",
    "WeightedMean",
    "ablations",
    "cfmt",
    "class_weighted",
    "compare",
    "draw_cohort",
    "evaluate",
    "fed_over",
    "fed_under",
    "fedavg",
    "fedprox",
    "initial_state",
    "method_named",
    "rounds",
    "run_round",
    "simulate",
]
