"""scikit-learn's and imbalanced-learn's own checks, frames with words, and the file that the detector is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import parametrize_with_checks as parametrize_samplers
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from cfmt.data import load_nsl_kdd
from cfmt.detector import Detector
from cfmt.sklearn import CFMTClassifier, GaussianMetaSampler
from support.detectors import invoke

QUICK: dict[str, Any] = {"rounds": 20, "hidden": 16, "random_state": 0}


@parametrize_with_checks([CFMTClassifier(**QUICK), CFMTClassifier(method="cfmt", **QUICK)])  # type: ignore[untyped-decorator]
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    check(estimator)


SAMPLERS = parametrize_samplers([GaussianMetaSampler(random_state=0)]).mark  # its checks are a generator


@pytest.mark.parametrize(SAMPLERS.args[0], list(SAMPLERS.args[1]), ids=SAMPLERS.kwargs["ids"])
def test_imbalanced_learns_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def flows(n: int = 400) -> tuple[dict[str, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Flows with numbers and words, their labels and their sites."""
    rng = np.random.default_rng(0)
    is_attack = rng.random(n) < 0.3
    columns = {
        "bytes": rng.exponential(np.where(is_attack, 50.0, 900.0)),
        "proto": np.where(is_attack & (rng.random(n) < 0.8), "udp", "tcp").astype(object),
        "pkts": rng.integers(1, 50, n),
    }
    return columns, np.where(is_attack, "scan", "benign"), rng.integers(4, size=n)


def test_frames_of_both_kinds_and_words_are_one() -> None:
    columns, y, site = flows()
    frames = pd.DataFrame(columns), pl.DataFrame(columns)
    found = [CFMTClassifier(**QUICK).fit(frame, y, groups=site) for frame in frames]
    scores = [one.decision_function(frame) for one, frame in zip(found, frames, strict=True)]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert found[0].score(frames[0], y) > 0.85
    assert found[0].n_clients_ == 4
    assert found[0].feature_names_in_.tolist() == ["bytes", "proto", "pkts"]
    new = frames[0].assign(proto="icmp")  # a word that training never had
    assert np.isfinite(found[0].decision_function(new)).all()
    with pytest.raises(ValueError, match="column bytes held numbers in training"):
        found[0].predict(frames[0].assign(bytes="many"))
    with pytest.raises(ValueError, match="feature names"):
        found[0].predict(frames[0].rename(columns={"bytes": "octets"}))


def test_the_normal_class_may_be_either() -> None:
    columns, y, _ = flows()
    X = pd.DataFrame(columns)
    first = CFMTClassifier(normal="benign", **QUICK).fit(X, y)
    second = CFMTClassifier(normal="scan", **QUICK).fit(X, y)
    for one in (first, second):
        assert one.classes_.tolist() == ["benign", "scan"]
        assert one.score(X, y) > 0.85
        assert (one.predict_proba(X)[:, 1] > 0.5).tolist() == (one.predict(X) == "scan").tolist()
    with pytest.raises(ValueError, match=r"normal must be one of the classes \['benign', 'scan'\], got 'ok'"):
        CFMTClassifier(normal="ok").fit(X, y)


def test_the_detector_is_a_file_that_scores(tmp_path: Path) -> None:
    columns, y, site = flows()
    X = pl.DataFrame(columns)
    classifier = CFMTClassifier(**QUICK).fit(X, y, groups=site)
    classifier.detector_.save(tmp_path / "model.safetensors")
    X.write_csv(tmp_path / "flows.csv")
    code, out, err = invoke("score", tmp_path / "model.safetensors", tmp_path / "flows.csv")
    assert code == 0, err
    scores = [float(line.split(",")[1]) for line in out.splitlines()[1:]]
    np.testing.assert_allclose(scores, classifier.predict_proba(X)[:, 1], atol=1e-6)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_a_frame_of_numbers_keeps_its_names_in_the_file(tmp_path: Path, make: Any) -> None:
    columns, y, _ = flows()
    X = make({name: columns[name] for name in ("bytes", "pkts")})
    classifier = CFMTClassifier(**QUICK).fit(X, y)
    model = tmp_path / "model.safetensors"
    classifier.detector_.save(model)
    pl.DataFrame({"pkts": columns["pkts"], "bytes": columns["bytes"]}).write_csv(tmp_path / "flows.csv")
    code, out, err = invoke("score", model, tmp_path / "flows.csv")
    assert code == 0, err
    scores = [float(line.split(",")[1]) for line in out.splitlines()[1:]]
    np.testing.assert_allclose(scores, classifier.predict_proba(X)[:, 1], atol=1e-6)


def test_the_file_is_monitored(tmp_path: Path) -> None:
    columns, y, _ = flows()
    X = pl.DataFrame(columns)
    CFMTClassifier(**QUICK).fit(X, y).detector_.save(tmp_path / "model.safetensors")
    normal = X.filter(y == "benign")
    normal.write_csv(tmp_path / "same.csv")
    normal.with_columns(pl.col("bytes") * 1000).write_csv(tmp_path / "moved.csv")
    code, _, err = invoke("monitor", tmp_path / "model.safetensors", tmp_path / "same.csv")
    assert code == 0, err
    code, out, _ = invoke("monitor", tmp_path / "model.safetensors", tmp_path / "moved.csv")
    assert code == 3
    assert "bytes" in out
    _, _, err = invoke("score", tmp_path / "model.safetensors", tmp_path / "moved.csv")
    assert "power of 1,000 times those of training in bytes (1e+03 times)" in err


def test_the_model_is_that_of_train_bit_by_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.where(rng.random(600) < 0.3, "scan", "benign")
    X = pl.DataFrame(
        {
            "bytes": rng.exponential(np.where(y == "scan", 50.0, 900.0)),
            "proto": np.where((y == "scan") & (rng.random(600) < 0.8), "udp", "tcp"),
        }
    )
    site = rng.integers(4, size=600)
    whole = X.with_columns(label=pl.Series(y), site=pl.Series(site))
    whole.write_csv(tmp_path / "train.csv")
    whole.head(200).with_columns(pl.col("bytes") + 1).write_csv(tmp_path / "test.csv")
    seed = int(np.random.RandomState(0).randint(np.iinfo(np.int32).max))  # what random_state=0 draws
    data = ["--data", tmp_path / "train.csv", "--test", tmp_path / "test.csv", "--clients-by", "site"]
    labels = ["--label", "label", "--normal", "benign"]
    small = ["--method", "fed-over", "--rounds", 20, "--hidden", 16, "--scaling", "quantile"]
    run = tmp_path / "run"
    code, _, err = invoke("train", *data, *labels, *small, "--seed", seed, "--out", run, "-q")
    assert code == 0, err
    ours = CFMTClassifier(normal="benign", **QUICK).fit(X, y, groups=site).detector_
    theirs = Detector.load(run / "model.safetensors")
    assert theirs.preprocessor.schema == ours.preprocessor.schema  # no logarithms: train judges, fit does not
    np.testing.assert_array_equal(ours.params, theirs.params)
    assert ours.threshold == theirs.threshold


def test_on_real_flows_by_service(nsl_kdd_folder: Path) -> None:
    train, test = load_nsl_kdd(nsl_kdd_folder)

    def frame(table: Any) -> pl.DataFrame:
        words = {
            name: np.array(table.vocabularies[at], object)[table.categorical[:, at]]
            for at, name in enumerate(table.schema.categorical)
        }
        return pl.DataFrame(dict(zip(table.schema.numeric, table.numeric.T, strict=True)) | words)

    rows = np.random.default_rng(0).choice(train.n_rows, 20_000, replace=False)
    train = train.take(rows)
    X = frame(train)
    classifier = CFMTClassifier(rounds=30, random_state=0).fit(
        X, train.is_attack, groups=X["service"].to_list()
    )
    assert classifier.n_clients_ > 30
    assert classifier.score(frame(test), test.is_attack) > 0.7


def test_in_pipelines_and_cross_validation() -> None:
    columns, y, site = flows()
    X = pd.DataFrame(columns)[["bytes", "pkts"]]
    balanced = make_pipeline(GaussianMetaSampler(random_state=0), LogisticRegression())
    assert cross_val_score(balanced, X, y, cv=3).mean() > 0.7
    by_site = cross_val_score(CFMTClassifier(**QUICK), X, y, groups=site, cv=GroupKFold(4))
    assert by_site.mean() > 0.7


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 1), st.floats(0.01, 5), st.floats(0.01, 1))
def test_draws_keep_the_small_class_and_repeat_no_row(
    seed: int, mu: float, sigma: float, floor: float
) -> None:
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(90, 2)), np.repeat([0, 1, 2], [50, 30, 10])
    sampler = GaussianMetaSampler(mu=mu, sigma=sigma, floor=floor, random_state=seed)
    drawn, labels = sampler.fit_resample(X, y)
    assert np.bincount(labels).tolist() == [10, 10, 10]
    assert len({*sampler.sample_indices_.tolist()}) == 30
    np.testing.assert_array_equal(drawn, X[sampler.sample_indices_])
    np.testing.assert_array_equal(sampler.sample_indices_[labels == 2], np.arange(80, 90))


def test_hard_rows_are_favoured() -> None:
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 1, 900), rng.normal(2, 1, 100)])[:, np.newaxis]
    y = np.repeat([0, 1], [900, 100])
    hard, _ = GaussianMetaSampler(mu=1, sigma=0.2, floor=0.01, random_state=0).fit_resample(X, y)
    easy, _ = GaussianMetaSampler(mu=0, sigma=0.2, floor=0.01, random_state=0).fit_resample(X, y)
    assert hard[:100].mean() > 0.5 > -0.5 > easy[:100].mean()
