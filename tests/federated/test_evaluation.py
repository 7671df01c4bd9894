"""Evaluation against scikit-learn, and what it must never look at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as sk

from cfmt import metrics
from cfmt.data import load_synthetic
from cfmt.federated import Federation, Run, cfmt, evaluate, fed_over, simulate
from cfmt.federated.evaluation import curve_point
from cfmt.metrics import AtFpr, BestF1, LeastCost
from cfmt.mlp import MLP
from cfmt.nn import make_engine
from cfmt.partition import PartitionSpec
from reference.metrics import weights_of
from support.federations import QUICK, odd_federation, small_federation


@pytest.fixture(scope="module")
def run() -> Run:
    return simulate(small_federation(), fed_over(), replace(QUICK, rounds=10), seed=0)


def scores_of(federation: Federation, run: Run) -> npt.NDArray[np.float32]:
    test = federation.tests[0]
    engine = make_engine("torch", MLP(federation.n_features, QUICK.hidden), test.X, test.is_attack)
    return np.ascontiguousarray(engine.scores(run.state.model[np.newaxis])[0])


def test_figures_equal_scikit_learns(run: Run) -> None:
    federation = small_federation()
    test, scores, found = federation.tests[0], scores_of(federation, run), run.metrics()
    labels, chosen = test.is_attack, scores >= run.evaluation.threshold
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(labels, scores))
    assert found["pr_auc"] == pytest.approx(sk.average_precision_score(labels, scores))
    assert found["f1"] == pytest.approx(sk.f1_score(labels, scores >= 0.5))
    assert found["macro_f1"] == pytest.approx(sk.f1_score(labels, scores >= 0.5, average="macro"))
    assert found["f1_at_threshold"] == pytest.approx(sk.f1_score(labels, chosen))
    assert found["f1_all_attack"] == pytest.approx(sk.f1_score(labels, np.ones_like(labels)))
    novel = (labels == 1) & ~test.is_known
    assert 0 < novel.sum() < labels.sum()
    assert found["recall_novel"] == pytest.approx(chosen[novel].mean())
    assert found["recall_known"] == pytest.approx(chosen[(labels == 1) & test.is_known].mean())
    own = metrics.roc_auc_macro_types(scores, labels, test.attack_type)
    assert found["roc_auc_macro_types"] == own != found["roc_auc"]
    codes = np.unique(test.attack_type[labels == 1])
    recalls = [chosen[test.attack_type == code].mean() for code in codes]
    assert found["recall_macro_types"] == pytest.approx(np.mean(recalls))
    weights = weights_of(test.attack_type, labels)
    assert found["f1_macro_types"] == pytest.approx(sk.f1_score(labels, chosen, sample_weight=weights))
    for code, family in enumerate(federation.families[1:], start=1):
        assert found[f"recall_{family}"] == pytest.approx(chosen[test.family == code].mean())
    point = curve_point(test, scores)
    assert point.loss == pytest.approx(sk.log_loss(labels, scores.astype(np.float64)), rel=1e-5)
    assert run.curve[-1] == point


def test_the_threshold_keeps_its_rate_on_validation_rows(run: Run) -> None:
    federation = small_federation()
    engine = make_engine(
        "torch", MLP(federation.n_features, QUICK.hidden), federation.X, federation.is_attack
    )
    rows = federation.validation.values
    scores = engine.scores(run.state.model[np.newaxis])[0][rows]
    normal = federation.is_attack[rows] == 0
    test_scores = [scores_of(federation, run)]
    for fpr in (0.01, 0.05, 0.2):
        found = evaluate(federation, engine, run.state, test_scores, rules=[AtFpr(fpr)])
        rate = np.mean(scores[normal] >= found.threshold)
        assert rate <= fpr
        assert found.alerts_per_million == pytest.approx(1e6 * rate)


def test_every_rule_is_listed_and_the_first_decides(run: Run) -> None:
    federation = small_federation()
    engine = make_engine(
        "torch", MLP(federation.n_features, QUICK.hidden), federation.X, federation.is_attack
    )
    test, scores = federation.tests[0], scores_of(federation, run)
    rules = (BestF1(), AtFpr(0.1), LeastCost(fn=10, fp=1))
    found = evaluate(federation, engine, run.state, [scores], rules=rules)
    assert [decision.rule for decision in found.decisions] == ["f1", "fpr:0.1", "cost:fn=10,fp=1"]
    assert found.threshold == found.decisions[0].threshold
    rows = federation.validation.values
    own, normal = engine.scores(run.state.model[np.newaxis])[0][rows], federation.is_attack[rows] == 0
    for decision in found.decisions:
        called = scores >= decision.threshold
        figures = decision.tests[test.name]
        assert figures["f1"] == pytest.approx(sk.f1_score(test.is_attack, called))
        assert figures["recall"] == pytest.approx(sk.recall_score(test.is_attack, called))
        assert figures["fpr"] == pytest.approx(called[test.is_attack == 0].mean())
        alerts = 1e6 * np.mean(own[normal] >= decision.threshold)
        assert decision.alerts_per_million == pytest.approx(alerts)
    all_figures = replace(run, evaluation=found).metrics()
    assert all_figures["f1_at_threshold"] == found.decisions[0].tests[test.name]["f1"]
    assert all_figures["f1@fpr:0.1"] == found.decisions[1].tests[test.name]["f1"]
    assert all_figures["alerts_per_million@cost:fn=10,fp=1"] == found.decisions[2].alerts_per_million


def test_client_spread_counts_clients_with_attacks(run: Run) -> None:
    federation = small_federation()
    attacks = np.array([federation.is_attack[federation.validation.of(k)].sum() for k in range(12)])
    assert run.evaluation.clients["n_evaluated"] == np.count_nonzero(attacks)
    assert 0 <= run.evaluation.clients["worst_f1"] <= run.evaluation.clients["p10_f1"] <= 1


def test_cluster_models_are_judged_on_their_members() -> None:
    run = simulate(small_federation(), cfmt(), QUICK, seed=0)
    clusters = run.evaluation.clusters
    assert sum(c["n_clients"] for c in clusters) == 12
    assert sum(c["n_rows"] for c in clusters) == len(small_federation().validation.values)


def test_the_test_set_chooses_nothing() -> None:
    train, test = load_synthetic(3000, 1000, seed=0)
    parts = PartitionSpec(n_clients=12, alpha=0.5, prevalence=0.2, min_size=10).split(
        train.family, train.is_attack, seed=0
    )
    half = test.take(np.arange(0, test.n_rows, 2))
    runs = [
        simulate(Federation.build(train, (t,), parts, seed=0), fed_over(), QUICK, seed=0)
        for t in (test, half)
    ]
    np.testing.assert_array_equal(runs[0].state.model, runs[1].state.model)
    assert runs[0].evaluation.threshold == runs[1].evaluation.threshold


def test_preprocessing_is_fitted_to_training_rows_alone() -> None:
    federation = odd_federation()
    rows = federation.train.values
    n = int(federation.preprocessor.kept.sum())
    np.testing.assert_allclose(federation.X[rows, :n].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(federation.X[rows, :n].std(axis=0), 1, atol=1e-4)
    assert not np.intersect1d(rows, federation.validation.values).size
