"""The layers of docs/architecture.md, kept by reading the imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import cfmt

PACKAGE = Path(cfmt.__file__).parent
LAYERS = (
    {"_core"},
    {"errors"},
    {"ragged", "streams", "files", "strict_json", "typing"},
    {"sampling", "clustering", "aggregation"},
    {"partition", "metrics"},
    {"data"},
    {"preprocessing"},
    {"mlp"},
    {"detector"},
    {"alerts"},
    {"nn"},
    {"policies"},
    {"federated"},
    {"config"},
    {"experiment"},
    {"report"},
    {"sklearn"},
    {"cli"},
    {"__main__"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
ONLY_IN = {
    "torch": ("nn", "policies"),
    "matplotlib": ("report",),
    "onnx": ("detector",),
    "imblearn": ("sklearn",),
}
TORCH = ("nn/torch_", "nn/cuda/", "policies/sac_policy", "policies/sac_learning")
MOST_IN_A_CHAIN = 15

MODULES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Dotted names of every module that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part(path: Path) -> str:
    """The top-level part of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_upwards(path: Path) -> None:
    here = part(path)
    if here == "__init__":
        return
    for name in imports(path):
        pieces = name.split(".")
        if pieces[0] == "cfmt" and len(pieces) > 1 and pieces[1] in LEVEL and pieces[1] != here:
            assert LEVEL[pieces[1]] < LEVEL[here], f"{here} must not import {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_packages_have_one_home(path: Path) -> None:
    for name in {module.split(".")[0] for module in imports(path)} & set(ONLY_IN):
        assert part(path) in ONLY_IN[name], f"only cfmt.{ONLY_IN[name]} may import {name}"


def test_every_part_has_a_layer() -> None:
    assert {part(path) for path in MODULES} - {"__init__"} <= set(LEVEL)


def test_importing_cfmt_is_light() -> None:
    code = "import sys, cfmt; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "torch", "flwr", "matplotlib", "onnx", "polars", "scipy", "sklearn"}
    assert heavy.isdisjoint(loaded.stdout.split())


def test_public_names_are_there_when_they_are_asked_for() -> None:
    code = "import cfmt; print(all(hasattr(cfmt, name) for name in [*cfmt.__all__, *dir(cfmt)]))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "True\n"
    with pytest.raises(AttributeError, match="module 'cfmt' has no attribute 'nothing'"):
        cfmt.nothing  # noqa: B018 - the name is looked up


@pytest.mark.parametrize(
    "command",
    ["--help", "--version", "train --help", "scenarios", "data list", "partition", "partition --out parts"],
)
def test_commands_that_train_nothing_import_no_torch(tmp_path: Path, command: str) -> None:
    code = f"""
import atexit, sys
atexit.register(lambda: print("torch" in sys.modules, file=sys.stderr))
sys.argv = ["cfmt", *{command.split()}]
from cfmt.__main__ import main
main()
"""
    given = {"capture_output": True, "text": True, "check": True, "cwd": tmp_path}
    done = subprocess.run([sys.executable, "-c", code], **given)  # type: ignore[call-overload]
    assert done.stderr.splitlines()[-1] == "False"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_torch_stands_in_files_that_say_so(path: Path) -> None:
    if "torch" in {name.split(".")[0] for name in imports(path)}:
        assert str(path.relative_to(PACKAGE)).startswith(TORCH)


def imported_at_once(name: str, paths: dict[str, Path]) -> set[str]:
    """Modules of the package that a module imports as it is imported itself."""
    found = set()
    for node in ast.parse(paths[name].read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            both = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found |= {full if full in paths else node.module for full in both.values()}
    return {other for other in found if other in paths and other not in (name, "cfmt")}


def test_no_chain_of_imports_is_long() -> None:
    paths = {
        ".".join(("cfmt", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in MODULES
    }

    @cache
    def longest(name: str) -> tuple[str, ...]:
        below = (longest(other) for other in imported_at_once(name, paths))
        return (name, *max(below, key=len, default=()))

    chain = max((longest(name) for name in paths), key=len)
    assert len(chain) <= MOST_IN_A_CHAIN, " -> ".join(chain)
