"""A site's threshold: within its budget whatever the scores, and as sure as it says."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import beta

from cfmt.data import load_synthetic
from cfmt.data.flow_stream import FlowChunk
from cfmt.detector import (
    BenignScores,
    Budget,
    Detector,
    calibrate,
    fpr_interval,
    rows_needed,
    score_benign,
    threshold_for_fpr,
)
from cfmt.errors import ConfigError, DataError
from cfmt.mlp import MLP
from cfmt.preprocessing import fit_preprocessor

# Few values, so that ties straddle; and all of them, 0 and 1 among them.
LEVELS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
SCORES = arrays(
    np.float32, st.integers(1, 60), elements=LEVELS | st.floats(0, 1, width=32, allow_subnormal=False)
)
SHARES = st.decimals(min_value="0.001", max_value="0.999", places=3).map(float)


@pytest.fixture(scope="module")
def detector() -> Detector:
    train, _ = load_synthetic(500, 0, seed=0)
    preprocessor = fit_preprocessor(train)
    mlp = MLP(preprocessor.n_features, hidden=8)
    return Detector(mlp, 3 * mlp.initial(seed=2), preprocessor, 0.25, {"method": "fedavg"})


def benign(scores: npt.NDArray[np.float32]) -> BenignScores:
    return BenignScores(scores, 0, {})


@settings(deadline=None)
@given(scores=SCORES, share=SHARES)
def test_alerts_never_exceed_the_budget(scores: npt.NDArray[np.float32], share: float) -> None:
    threshold = threshold_for_fpr(scores, Budget(share))
    assert int((scores >= threshold).sum()) <= Fraction(str(share)) * len(scores)
    assert 0 < threshold <= 1 or threshold == float("inf")


@settings(deadline=None)
@given(scores=SCORES, share=SHARES)
def test_one_level_lower_would_exceed_it(scores: npt.NDArray[np.float32], share: float) -> None:
    threshold = threshold_for_fpr(scores, Budget(share))
    quiet = scores[scores < threshold].max()  # some are, for the share is below 1
    assert int((scores >= quiet).sum()) > Fraction(str(share)) * len(scores)


@settings(deadline=None)
@given(scores=SCORES, shares=st.tuples(SHARES, SHARES))
def test_a_larger_budget_never_raises_the_threshold(
    scores: npt.NDArray[np.float32], shares: tuple[float, float]
) -> None:
    tight, wide = sorted(shares)
    assert threshold_for_fpr(scores, Budget(wide)) <= threshold_for_fpr(scores, Budget(tight))


@settings(deadline=None)
@given(alerts=st.integers(1, 50), flows=st.integers(51, 5000), n=st.integers(1, 5000))
def test_a_daily_budget_is_exact(alerts: int, flows: int, n: int) -> None:
    assert Budget.daily(alerts, flows).most(n) == alerts * n // flows


def test_a_share_is_what_its_digits_say() -> None:
    assert 0.29 * 100 < 29
    assert Budget(0.29).most(100) == 29


def test_ties_stay_together() -> None:
    scores = np.array([0.1] * 5 + [0.9] * 5, np.float32)
    assert (scores >= threshold_for_fpr(scores, Budget(0.4))).sum() == 0
    assert (scores >= threshold_for_fpr(scores, Budget(0.5))).sum() == 5
    assert threshold_for_fpr(np.ones(9, np.float32), Budget(0.5)) == float("inf")
    with pytest.raises(ValueError, match="at least one number"):
        threshold_for_fpr(np.zeros(0, np.float32), Budget(0.5))


def test_neighbouring_scores_are_told_apart() -> None:
    low = np.float32(0.5)
    high = np.nextafter(low, np.float32(1))
    threshold = threshold_for_fpr(np.array([low, high], np.float32), Budget(0.5))
    assert threshold == float(high)


@settings(deadline=None)
@given(n=st.integers(1, 100_000), part=st.floats(0, 1), confidence=st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_intervals_are_scipys(n: int, part: float, confidence: float) -> None:
    count, tail = round(part * n), (1 - confidence) / 2
    low, high = fpr_interval(count, n, confidence=confidence)
    expected_low = beta.ppf(tail, count, n - count + 1) if count else 0.0
    expected_high = beta.ppf(1 - tail, count + 1, n - count) if count < n else 1.0
    np.testing.assert_allclose([low, high], [expected_low, expected_high], rtol=1e-8)


@pytest.mark.parametrize("n", [10**6, 10**7])
def test_intervals_of_many_rows_are_scipys(n: int) -> None:
    for count in (1, n // 1000, n // 3):
        expected = beta.ppf(0.025, count, n - count + 1), beta.ppf(0.975, count + 1, n - count)
        np.testing.assert_allclose(fpr_interval(count, n), expected, rtol=1e-7)


@pytest.mark.parametrize(("n_alerts", "n_rows"), [(-1, 5), (6, 5), (0, 0)])
def test_counts_that_cannot_be(n_alerts: int, n_rows: int) -> None:
    with pytest.raises(ValueError, match="n_alerts must lie in"):
        fpr_interval(n_alerts, n_rows)
    with pytest.raises(ValueError, match="confidence must lie in"):
        fpr_interval(1, 2, confidence=1.0)


@pytest.mark.parametrize("fpr", [0.5, 0.05, 0.01, 1e-4])
def test_rows_that_a_rate_takes(fpr: float) -> None:
    n = rows_needed(fpr)
    assert (1 - fpr) ** n <= 0.05 < (1 - fpr) ** (n - 1)


@pytest.mark.parametrize("decimals", [None, 2])
def test_the_interval_holds_though_the_rows_chose_the_threshold(decimals: int | None) -> None:
    """Of thresholds set anew many times, at least 95 % have a true rate within; with ties too."""
    rng, n, hits, trials = np.random.default_rng(1), 1000, 0, 2000
    for _ in range(trials):
        scores = rng.random(n)
        scores = scores if decimals is None else np.round(scores, decimals)
        threshold = threshold_for_fpr(scores.astype(np.float32), Budget(0.05))
        if decimals is None:
            true = 1 - threshold
        else:  # the share of the levels k / 100 from the threshold on; the ends have half a share
            levels = np.arange(101) / 100
            weights = np.full(101, 0.01)
            weights[[0, -1]] = 0.005
            true = float(weights[levels.astype(np.float32) >= threshold].sum())
        low, high = fpr_interval(int((scores.astype(np.float32) >= threshold).sum()), n)
        hits += low <= true <= high
    assert hits / trials >= 0.945


def test_the_detector_remembers(detector: Detector) -> None:
    _, test = load_synthetic(500, 2000, seed=3)
    labels = tuple(test.attack_types[code] for code in test.attack_type)
    halves = np.array_split(np.arange(test.n_rows), 2)
    chunks = [
        FlowChunk(test.take(rows), rows, {}, tuple(labels[row] for row in rows.tolist())) for rows in halves
    ]
    found = score_benign(detector, chunks)
    normal = test.take(np.flatnonzero(test.is_attack == 0))
    np.testing.assert_array_equal(found.scores, detector.predict_proba(normal))
    assert sum(found.left_out.values()) == test.is_attack.sum()
    site, calibration = calibrate(detector, found, Budget(0.02))
    assert site.predict(normal).sum() == calibration.n_alerts <= 0.02 * normal.n_rows
    kept = site.metadata["calibration"]
    assert (kept["rule"], kept["rows"], kept["old_threshold"]) == ("fpr:0.02", normal.n_rows, 0.25)
    assert kept["left_out"] == test.is_attack.sum()
    assert site.metadata["method"] == "fedavg"
    assert "calibration" not in detector.metadata


def test_an_infinite_old_threshold_is_kept(detector: Detector) -> None:
    deaf = Detector(detector.mlp, detector.params, detector.preprocessor, float("inf"))
    site, _ = calibrate(deaf, benign(np.linspace(0, 1, 500, dtype=np.float32)), Budget(0.1))
    assert site.metadata["calibration"]["old_threshold"] == "Infinity"
    assert site.metadata["calibration"]["alerts_before"] == 0


def test_too_few_rows_are_refused(detector: Detector) -> None:
    with pytest.raises(DataError, match=r"298 benign flows are too few .* takes 299 .* allow 0\.011 or more"):
        calibrate(detector, benign(np.zeros(298, np.float32)), Budget(0.01))
    calibrate(detector, benign(np.zeros(298, np.float32)), Budget(0.011))
    calibrate(detector, benign(np.zeros(299, np.float32)), Budget(0.01))


def test_attacks_alone_are_refused(detector: Detector) -> None:
    _, test = load_synthetic(10, 5, seed=0)
    with pytest.raises(DataError, match="no benign flow: all 5 have another label"):
        score_benign(detector, [FlowChunk(test, np.arange(5), {}, ("smurf",) * 5)])
    assert score_benign(
        detector, [FlowChunk(test, np.arange(5), {}, ("BENIGN", "", "Normal", "a", "b"))]
    ).scores.shape == (3,)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan")])
def test_shares_that_cannot_be(share: float) -> None:
    with pytest.raises(ConfigError, match="must lie in"):
        Budget(share)
