"""Run where the wheel with its extra ``sklearn`` is and nothing else: its estimators work."""

import sys

import numpy as np
from sklearn.utils.estimator_checks import check_estimator

from cfmt.sklearn import CFMTClassifier, GaussianMetaSampler

check_estimator(CFMTClassifier(rounds=20, hidden=16, random_state=0))
rng = np.random.default_rng(0)
X, y = rng.normal(size=(300, 4)), np.repeat([0, 1], [270, 30])
assert np.bincount(GaussianMetaSampler(random_state=0).fit_resample(X, y)[1]).tolist() == [30, 30]
assert not {"torch", "matplotlib"} & {*sys.modules}
print("the wheel's estimators pass scikit-learn's checks without torch")
