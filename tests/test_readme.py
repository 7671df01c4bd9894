"""What the README shows must run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cfmt import data, federated
from cfmt.cli import app

README = (Path(__file__).parents[1] / "README.md").read_text()
COMMANDS = re.findall(r"^    (cfmt .*?)(?:\s+#.*)?$", README, flags=re.MULTILINE)
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_readme_starts_with_the_two_commands() -> None:
    assert re.match(r"# cfmt\n\n    make run .*\n    make test ", README)


@pytest.mark.parametrize("source", ["synthetic", "nsl-kdd"])
def test_a_million_clients_get_rows_as_the_command_says(request: pytest.FixtureRequest, source: str) -> None:
    folder = "synthetic" if source == "synthetic" else str(request.getfixturevalue("nsl_kdd_folder"))
    (command,) = (command for command in COMMANDS if "--clients 1000000" in command)
    given = re.fullmatch(r"cfmt train --data DIR (.*) --cohort 1 --epochs 1 --rounds 2", command)
    assert given is not None
    result = CliRunner().invoke(app, ["partition", "--data", folder, *given[1].split()])
    assert result.exit_code == 0, result.stderr
    assert "on 1,000,000 clients" in result.stdout


def test_the_kernels_example_runs() -> None:
    (block,) = (block for block in BLOCKS if "partition_dirichlet" in block)
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    assert {"parts", "mean"} <= names.keys()


def test_the_comparison_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = (block for block in BLOCKS if "fl.compare" in block)
    quick = (
        block.replace("rounds=50", "rounds=2")
        .replace("range(5)", "range(2)")
        .replace("n_clients=100", "n_clients=9")
    )
    monkeypatch.setattr(data, "load_nsl_kdd", lambda folder: data.load_synthetic(2000, 500, seed=len(folder)))
    exec(compile(quick, "README.md", "exec"), {"__name__": "readme"})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        [name, seed] for seed in ("0", "1") for name in ("fedavg", "fed-under")
    ]
    assert federated.cfmt().name == "cfmt"
