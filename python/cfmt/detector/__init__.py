"""The detector: model, preprocessing and threshold as one file, with which a sensor scores rows."""

from cfmt.detector.file import Detector, load_detector, save_detector

__all__ = ["Detector", "load_detector", "save_detector"]
