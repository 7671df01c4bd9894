"""Hold-outs: whole attack types go, the test files stay shut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cfmt.cli import app
from cfmt.config import DataConfig
from cfmt.data import Table, describe, load_nsl_kdd_file, load_synthetic, novel_rows
from cfmt.data.folds import MOST_OF_A_TYPE, leave_types_out, type_folds
from cfmt.errors import ConfigError
from cfmt.experiment.folding import split_fold
from cfmt.experiment.traffic import load_tables
from cfmt.federated import Federation, fedavg, simulate
from cfmt.partition import PartitionSpec
from support.federations import QUICK


@pytest.fixture(scope="module")
def train() -> Table:
    return load_synthetic(6000, 10, seed=0)[0]


def marked(table: Table) -> Table:
    """The same table with the row's number in its first column."""
    numeric = table.numeric.copy()
    numeric[:, 0] = np.arange(table.n_rows)
    return replace(table, numeric=numeric)


def type_counts(table: Table) -> dict[str, int]:
    return {name: count for name, _, count in describe(table).attack_types}


def test_folds_hold_every_attack_type_once(train: Table) -> None:
    folds = type_folds(train, 4)
    dealt = [name for fold in folds for name in fold]
    assert sorted(dealt) == sorted(set(type_counts(train)) - {"normal"})


def test_every_fold_has_types_of_every_large_family(nsl_kdd_folder: Path) -> None:
    train = load_nsl_kdd_file(nsl_kdd_folder)
    family_of = {name: family for name, family, _ in describe(train).attack_types}
    for fold in type_folds(train, 4):
        assert {family_of[name] for name in fold} == {"dos", "probe", "r2l", "u2r"}
    large = [name for name, _, count in describe(train).attack_types if count > 2500 and name != "normal"]
    for fold in type_folds(train, 4):
        assert len({family_of[name] for name in fold if name in large}) == len(
            [name for name in fold if name in large]
        )


@pytest.mark.parametrize("n_folds", [1, 100])
def test_folds_that_cannot_be_are_refused(train: Table, n_folds: int) -> None:
    with pytest.raises(ValueError, match=rf"folds must lie in 2\.\.\d+, .* got {n_folds}"):
        type_folds(train, n_folds)


def test_held_out_types_leave_training_and_no_row_is_in_both(train: Table) -> None:
    table = marked(train)
    types = ("neptune", "satan")
    kept, held = leave_types_out(table, share=0.25, types=types, seed=3)
    assert not {*types} & set(type_counts(kept))
    assert not np.intersect1d(kept.numeric[:, 0], held.numeric[:, 0]).size
    before, after, out = type_counts(table), type_counts(kept), type_counts(held)
    for name, count in before.items():
        if name in types:
            assert out[name] == min(count, MOST_OF_A_TYPE)
        else:
            assert after[name] + out.get(name, 0) == count
            assert out.get(name, 0) == min(int(0.25 * count + 0.5), count - 1)
    is_novel = np.isin(held.attack_type, [held.attack_types.index(name) for name in types])
    np.testing.assert_array_equal(novel_rows(kept, held), is_novel)


def test_a_random_fold_has_every_row_once(train: Table) -> None:
    kept, held = leave_types_out(marked(train), share=0.3, seed=1)
    both = np.concatenate([kept.numeric[:, 0], held.numeric[:, 0]])
    np.testing.assert_array_equal(np.sort(both), np.arange(train.n_rows))
    assert not novel_rows(kept, held).any()


def test_draws_depend_on_the_seed_alone(train: Table) -> None:
    first, again, other = (
        leave_types_out(train, types=("neptune",), seed=seed)[1].numeric for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_no_type_gives_more_than_its_most(train: Table) -> None:
    neptune = np.flatnonzero(train.attack_type == train.attack_types.index("neptune"))
    joined = train.take(np.concatenate([np.arange(train.n_rows), neptune]))
    assert type_counts(joined)["neptune"] > MOST_OF_A_TYPE
    assert type_counts(leave_types_out(joined, types=("neptune",), seed=0)[1])["neptune"] == MOST_OF_A_TYPE


def test_unknown_types_and_shares_are_refused(train: Table) -> None:
    with pytest.raises(ValueError, match=r"types must be attack types of the table \(.*, got 'normal'"):
        leave_types_out(train, types=("normal",), seed=0)
    with pytest.raises(ValueError, match=r"share must lie in \(0, 1\), got 1"):
        leave_types_out(train, share=1, seed=0)


def test_a_fold_plays_the_part_of_the_test_set(train: Table) -> None:
    kept, held = leave_types_out(train, types=type_folds(train, 4)[0], seed=0)
    parts = PartitionSpec(n_clients=12, alpha=0.5, min_size=10).split(kept.family, kept.is_attack, seed=0)
    run = simulate(Federation.build(kept, (held,), parts, seed=0), fedavg(), QUICK, seed=0)
    found = run.metrics()
    assert list(run.evaluation.tests) == ["synthetic, attack types left out of training"]
    assert 0 <= found["recall_novel"] <= 1
    assert 0.5 < found["roc_auc"] <= 1


def test_a_fold_does_not_open_the_test_files(nsl_kdd_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "KDDTrain+.txt.gz").symlink_to(nsl_kdd_folder / "KDDTrain+.txt.gz")
    notes: list[str] = []
    config = DataConfig(source=str(tmp_path), split="types", fold=1)
    train, (held,) = load_tables(config, notes.append)
    assert notes == []
    assert train.n_rows + held.n_rows < 125_973
    novel = novel_rows(train, held)
    assert 0.05 < novel.sum() / held.is_attack.sum() < 0.5


def test_folds_differ_and_a_missing_one_is_an_error_of_one_line(train: Table) -> None:
    held = [split_fold(DataConfig(split="random", fold=fold), train)[1][0] for fold in (0, 1)]
    assert not np.array_equal(held[0].numeric, held[1].numeric)
    with pytest.raises(ConfigError, match=r"data: folds must lie in 2\.\.\d+"):
        split_fold(DataConfig(split="types", folds=99), train)
    wrong = CliRunner().invoke(app, ["compare", "--fold", "4"])
    assert "--fold must be below --folds = 4, got 4" in wrong.stderr


def test_an_option_takes_a_fold(tmp_path: Path) -> None:
    tiny = ["--clients", "5", "--train-rows", "2000", "--hidden", "4", "--steps", "2", "--rounds", "1"]
    command = ["compare", *tiny, "--seeds", "2", "--methods", "fedavg", "--out", str(tmp_path / "run")]
    for split, title in (("types", "attack types left out of training"), ("random", "random fold")):
        done = CliRunner().invoke(app, [*command[:-1], str(tmp_path / split), "--split", split])
        assert done.exit_code == 0, done.stderr
        assert f"synthetic, {title}" in done.stdout
