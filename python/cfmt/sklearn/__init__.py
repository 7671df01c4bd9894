"""The method under scikit-learn's and imbalanced-learn's interfaces; needs the extra ``sklearn``."""

from cfmt.sklearn.classifier import CFMTClassifier
from cfmt.sklearn.sampler import GaussianMetaSampler

__all__ = ["CFMTClassifier", "GaussianMetaSampler"]
