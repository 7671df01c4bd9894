"""What docs/detector.md shows must run, in its order and in an empty folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.detectors import invoke

PAGE = (Path(__file__).parents[1] / "docs" / "detector.md").read_text()
STEPS = re.findall(r"^    cfmt ([^\n]*)$|```python\n(.*?)```", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_the_page_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for command, block in STEPS:
        if command:
            code, _, err = invoke(*command.split())
            assert code == 0, f"{command}: {err}"
        else:
            exec(compile(block, "docs/detector.md", "exec"), names)
    assert len(STEPS) == 11
    assert {path.name for path in tmp_path.iterdir()} >= {"scores.csv", "site.safetensors", "site.onnx"}
    assert names["score"].shape == names["alert"].shape == (1,)  # type: ignore[attr-defined] # arrays
