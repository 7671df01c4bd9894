"""From raw rows to the model's features, fitted to what clients send of their rows."""

from cfmt.preprocessing.fit import Preprocessor, fit_preprocessor
from cfmt.preprocessing.moments import Moments
from cfmt.preprocessing.scaling import Quantiles, Scaling, ZScore, scaling_from_dict
from cfmt.preprocessing.sketches import Grid, Sketch, sketch_values
from cfmt.preprocessing.steps import Steps, steps_of
from cfmt.preprocessing.summaries import Summary, summarise

__all__ = [
    "Grid",
    "Moments",
    "Preprocessor",
    "Quantiles",
    "Scaling",
    "Sketch",
    "Steps",
    "Summary",
    "ZScore",
    "fit_preprocessor",
    "scaling_from_dict",
    "sketch_values",
    "steps_of",
    "summarise",
]
