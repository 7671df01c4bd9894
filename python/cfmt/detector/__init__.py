"""The detector: model, preprocessing and threshold as one file, with which a sensor scores rows.

Apart from ``nn/`` because it runs with numpy and the kernels alone: what scores needs nothing that trains.
"""

from cfmt.detector.calibration import (
    BenignScores,
    Budget,
    Calibration,
    calibrate,
    score_benign,
    threshold_for_fpr,
)
from cfmt.detector.card import Card, make_card
from cfmt.detector.clients import ClientFigures, client_figures, worst_tenth
from cfmt.detector.detector import Detector
from cfmt.detector.drift import Drift, Reference, Stability, measure_drift, population_stability
from cfmt.detector.evaluation import DetectorFigures, TypeFigures, evaluate_detector
from cfmt.detector.fingerprint import MovedUnit, moved_units, other_exporter
from cfmt.detector.intervals import fpr_interval, rows_needed
from cfmt.detector.onnx import to_onnx
from cfmt.detector.reasons import Reason, alert_reasons
from cfmt.detector.scored import Explained, Scored

__all__ = [
    "BenignScores",
    "Budget",
    "Calibration",
    "Card",
    "ClientFigures",
    "Detector",
    "DetectorFigures",
    "Drift",
    "Explained",
    "MovedUnit",
    "Reason",
    "Reference",
    "Scored",
    "Stability",
    "TypeFigures",
    "alert_reasons",
    "calibrate",
    "client_figures",
    "evaluate_detector",
    "fpr_interval",
    "make_card",
    "measure_drift",
    "moved_units",
    "other_exporter",
    "population_stability",
    "rows_needed",
    "score_benign",
    "threshold_for_fpr",
    "to_onnx",
    "worst_tenth",
]
