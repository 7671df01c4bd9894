"""What docs/sklearn.md shows must run, in its order and in an empty folder."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from support.detectors import invoke

PAGE = (Path(__file__).parents[1] / "docs" / "sklearn.md").read_text()
STEPS = re.findall(r"^    cfmt ([^\n]*)$|```python\n(.*?)```", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_the_page_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for command, block in STEPS:
        if command:
            code, _, err = invoke(*command.split())
            assert code == 0, f"{command}: {err}"
        else:
            exec(compile(block, "docs/sklearn.md", "exec"), names)
    clients, accuracy = capsys.readouterr().out.split()[:2]
    assert int(clients) == 5
    assert float(accuracy) > 0.9
    rows = names["rows_of_each"]
    assert isinstance(rows, list)
    np.testing.assert_array_equal(np.sort(np.concatenate(rows)), np.arange(2000))
    assert (tmp_path / "scores.csv").read_text().count("\n") == 2001
