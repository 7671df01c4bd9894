"""Generated traffic agrees with the figures, and the figures with the real file."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from cfmt.data import Table, load_nsl_kdd_file, load_synthetic, novel_rows
from cfmt.data.nsl_kdd_schema import ATTACK_TYPES, SCHEMA
from cfmt.data.synthetic import NOVEL_SHARE, NOVEL_TYPES
from cfmt.preprocessing import Preprocessor, summarise

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "synthetic_figures.py"
SHIPPED = files("cfmt.data").joinpath("synthetic_figures.json").read_bytes()
FIGURES: dict[str, Any] = json.loads(SHIPPED)


@pytest.fixture(scope="module")
def parts() -> tuple[Table, Table]:
    return load_synthetic(60_000, 20_000, seed=11)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("synthetic_figures", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_figures_come_from_the_real_file(nsl_kdd_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    command = [sys.executable, str(SCRIPT), str(nsl_kdd_folder / "KDDTrain+.txt.gz"), "--out", str(out)]
    subprocess.run(command, check=True)
    assert out.read_bytes() == SHIPPED
    assert len(SHIPPED) < 100_000


def test_shape_of_the_parts() -> None:
    train, test = load_synthetic(seed=1)
    assert (train.n_rows, test.n_rows) == (20_000, 5_000)
    for table in (train, test):
        assert table.schema == SCHEMA
        assert (table.name, table.synthetic) == ("synthetic", True)
        assert table.sources[0].published is None
        np.testing.assert_array_equal(table.is_attack, table.family != 0)
        assert set(np.unique(table.family)) == set(range(5))


def test_numbers_are_possible(parts: tuple[Table, Table]) -> None:
    for table in parts:
        for name, column in zip(SCHEMA.numeric, table.numeric.T, strict=True):
            np.testing.assert_array_equal(column, np.round(column, FIGURES["decimals"][name]), err_msg=name)
            assert column.min() >= 0
            if name.endswith("_rate"):
                assert FIGURES["decimals"][name] == 2
                assert column.max() <= 1


def test_seed_is_everything() -> None:
    (one, one_test), (again, again_test), (other, _) = (load_synthetic(300, 200, seed=s) for s in (5, 5, 6))
    for mine, theirs in ((one, again), (one_test, again_test)):
        for name in ("numeric", "categorical", "attack_type", "family", "is_attack"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))
    assert not np.array_equal(one.numeric, other.numeric)
    longer, _ = load_synthetic(300, 999, seed=5)
    np.testing.assert_array_equal(one.numeric, longer.numeric)


def test_frequencies(parts: tuple[Table, Table]) -> None:
    train, _ = parts
    n_source = FIGURES["source"]["n_rows"]
    for code, family in enumerate(FIGURES["families"]):
        share = family["n_rows"] / n_source
        assert_share(train.family == code, share)
        for name, count in family["attack_types"].items():
            assert_share(train.attack_type == train.attack_types.index(name), count / n_source)
        codes = np.array(family["categories"])
        for column in range(3):
            for word in np.unique(codes[:, column]):
                expected = codes[codes[:, column] == word, -1].sum() / n_source
                assert_share((train.family == code) & (train.categorical[:, column] == word), expected)


def assert_share(drawn: np.ndarray[Any, np.dtype[np.bool_]], share: float) -> None:
    """Within five standard errors of the share, and a handful of rows."""
    n = len(drawn)
    assert abs(drawn.sum() - n * share) <= 5 * np.sqrt(n * share * (1 - share)) + 5


def test_combinations_are_seen_ones(parts: tuple[Table, Table]) -> None:
    train, _ = parts
    for code, family in enumerate(FIGURES["families"]):
        seen = {tuple(row[:-1]) for row in family["categories"]}
        assert {tuple(row) for row in train.categorical[train.family == code].tolist()} <= seen


@pytest.mark.parametrize("family", [0, 1, 2])
def test_marginals_and_correlations(parts: tuple[Table, Table], script: ModuleType, family: int) -> None:
    """The three families with rows enough to count."""
    wanted, got = FIGURES["families"][family], script.family_figures(parts[0], family)
    np.testing.assert_allclose(got["zero"], wanted["zero"], atol=0.02)
    difference = np.abs(np.subtract(got["correlations"], wanted["correlations"]))
    # Zeros hide part of a correlation, so that the drawn ones are a little weaker (see the module).
    assert difference.mean() < 0.06
    assert np.quantile(difference, 0.9) < 0.2
    assert np.corrcoef(got["correlations"], wanted["correlations"])[0, 1] > 0.9
    for name in ("src_bytes", "count", "srv_count", "dst_host_count", "same_srv_rate"):
        column = SCHEMA.numeric.index(name)
        drawn, source = np.array(got["quantiles"][column]), np.array(wanted["quantiles"][column])
        # Between the source's quantiles two steps of the grid below and above.
        assert np.all(drawn[2:-2] >= source[:-4]), name
        assert np.all(drawn[2:-2] <= source[4:]), name


@pytest.mark.parametrize("family", range(5))
def test_means_agree_with_the_real_file(nsl_kdd_folder: Path, family: int) -> None:
    real = load_nsl_kdd_file(nsl_kdd_folder)
    drawn, _ = load_synthetic(60_000, 0, seed=11)
    mine, theirs = (SCHEMA.logged(table.numeric[table.family == family]) for table in (drawn, real))
    spread = theirs.std(axis=0)
    # Four standard errors, and a tenth of the spread for the grid of quantiles.
    allowed = spread * (0.1 + 4 / np.sqrt(len(mine)))
    assert np.all(np.abs(mine.mean(axis=0) - theirs.mean(axis=0)) <= allowed + 1e-12)


def test_novel_types_are_only_in_the_test_part(parts: tuple[Table, Table]) -> None:
    train, test = parts
    names = {novel.name for novel in NOVEL_TYPES}
    assert not names & set(ATTACK_TYPES)
    assert names <= set(train.attack_types)
    novel = np.isin(test.attack_type, [test.attack_types.index(name) for name in names])
    assert novel_rows(train, test)[novel].all()
    assert not np.isin(train.attack_type, test.attack_type[novel]).any()
    assert_share(novel[test.is_attack == 1], NOVEL_SHARE)
    for name, family, _ in NOVEL_TYPES:
        rows = test.attack_type == test.attack_types.index(name)
        assert {test.families[code] for code in test.family[rows]} == {family}


@pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning")
@pytest.mark.parametrize("seed", range(4))
def test_neither_trivial_nor_hopeless(seed: int) -> None:
    train, test = load_synthetic(6_000, 4_000, seed=seed)
    fitted = Preprocessor.fit(summarise(train))
    model = LogisticRegression(max_iter=300).fit(fitted.transform(train), train.is_attack)
    scores = model.decision_function(fitted.transform(test))
    assert 0.85 < roc_auc_score(test.is_attack, scores) < 0.98


@pytest.mark.parametrize(("n_train", "n_test"), [(0, 0), (1, 0), (0, 1), (3, 2)])
def test_few_rows(n_train: int, n_test: int) -> None:
    train, test = load_synthetic(n_train, n_test, seed=0)
    assert (train.n_rows, test.n_rows) == (n_train, n_test)


def test_refuses_negative_sizes() -> None:
    with pytest.raises(ValueError, match="n_train must be at least 0, got -1"):
        load_synthetic(-1, 0, seed=0)
    with pytest.raises(ValueError, match="n_test must be at least 0, got -2"):
        load_synthetic(0, -2, seed=0)
