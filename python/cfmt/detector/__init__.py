"""The detector: model, preprocessing and threshold as one file, with which a sensor scores rows.

Apart from ``nn/`` because it runs with numpy and the kernels alone: what scores needs nothing that trains.
"""

from cfmt.detector.detector import Detector, Scored
from cfmt.detector.evaluation import DetectorFigures, TypeFigures, evaluate_detector

__all__ = ["Detector", "DetectorFigures", "Scored", "TypeFigures", "evaluate_detector"]
