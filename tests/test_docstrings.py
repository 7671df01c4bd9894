"""Docstrings: every name has one, public names have an example, and the examples of every module run."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest

import cfmt

PACKAGE = Path(cfmt.__file__).parent
MODULES = sorted(
    ".".join(("cfmt", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if path.stem != "__main__"
)
WITH_EXAMPLES = (
    "cfmt",
    "cfmt.aggregation",
    "cfmt.clustering",
    "cfmt.config",
    "cfmt.data",
    "cfmt.data.columns",
    "cfmt.data.readers",
    "cfmt.detector",
    "cfmt.federated",
    "cfmt.metrics",
    "cfmt.mlp",
    "cfmt.nn",
    "cfmt.partition",
    "cfmt.policies",
    "cfmt.preprocessing",
    "cfmt.ragged",
    "cfmt.sampling",
    *(name for name in MODULES if name.startswith("cfmt.experiment.")),
)
NO_EXAMPLE = {
    "DataWarning": "a class of warnings, which nobody calls",
}


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    # An example imports what it uses, numpy apart.
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, globs={"np": np}, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_doctest_finds_the_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(found) >= 200


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_public_names_have_an_example(name: str) -> None:
    module = importlib.import_module(name)
    exported = {key: getattr(module, key) for key in module.__all__}
    lacking = [
        key
        for key, value in exported.items()
        if inspect.isclass(value) or inspect.isfunction(value)  # constants and aliases have no docstring
        if key not in NO_EXAMPLE and ">>> " not in (value.__doc__ or "")
    ]
    assert not lacking, f"no Examples section in the docstring of {', '.join(lacking)}"


def test_names_without_an_example_need_their_exception() -> None:
    exported = {
        key: getattr(importlib.import_module(name), key)
        for name in WITH_EXAMPLES
        for key in importlib.import_module(name).__all__
    }
    for name in NO_EXAMPLE:
        assert ">>> " not in exported[name].__doc__, f"{name} has an example; take it out of NO_EXAMPLE"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_function_class_and_method_has_a_docstring(path: Path) -> None:
    lacking = [
        f"line {node.lineno}: {node.name}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not (node.name.startswith("__") and node.name.endswith("__")) and not ast.get_docstring(node)
    ]
    assert not lacking, f"no docstring in {', '.join(lacking)}"
