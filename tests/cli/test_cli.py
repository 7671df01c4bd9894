"""The command line: usage, errors in one line, and what the small commands show."""

import errno
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cfmt
from cfmt.cli import app, errors

runner = CliRunner()
HEAVY = ("flwr", "matplotlib", "polars", "scipy", "torch")


def invoke(*arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    result = runner.invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def in_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("module", ["cfmt", "cfmt.cli"])
def test_importing_loads_no_heavy_package(module: str) -> None:
    done = in_python(f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])")
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", ["", "train", "compare", "partition", "tune", "data"])
def test_help_loads_no_heavy_package(command: str) -> None:
    done = in_python(f"""
import atexit, sys
atexit.register(lambda: print([name for name in {HEAVY} if name in sys.modules]))
sys.argv = ["cfmt", *{command.split()}, "--help"]
from cfmt.cli import main
main()
""")
    assert done.returncode == 0
    assert "Usage" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_interrupt_while_the_command_line_is_imported_is_one_line() -> None:
    done = in_python("""
import builtins
import cfmt.__main__
def interrupted(name, *rest):
    raise KeyboardInterrupt
builtins.__import__ = interrupted
cfmt.__main__.main()
""")
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_a_split_is_looked_at_without_torch() -> None:
    done = in_python("""
import atexit, sys
atexit.register(lambda: print("torch" in sys.modules))
sys.argv = ["cfmt", "partition", "--clients", "5", "--train-rows", "500"]
from cfmt.cli import main
main()
""")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "False"


def test_version() -> None:
    assert invoke("--version") == (0, f"cfmt {cfmt.__version__}\n", "")


@pytest.mark.parametrize(
    "command", [(), ("train",), ("compare",), ("partition",), ("data",), ("data", "verify")]
)
def test_every_command_has_help(command: tuple[str, ...]) -> None:
    code, out, _ = invoke(*command, "--help")
    assert code == 0
    assert "Usage" in out


@pytest.mark.parametrize("command", ["train", "compare", "tune", "partition"])
def test_the_short_help_shows_common_options_and_help_all_every_one(command: str) -> None:
    code, short, _ = invoke(command, "--help")
    assert code == 0
    assert all(option in short for option in ("--data", "--scenario", "--clients", "--prevalence"))
    assert not any(option in short for option in ("--size-alpha", "--folds", "ANNOTATED"))
    code, long, _ = invoke(command, "--help-all")
    assert code == 0
    assert all(option in long for option in ("--data", "--size-alpha", "--folds", "[partition] in the TOML"))
    assert invoke(command, "--help")[1] == short


@pytest.mark.parametrize(("old", "new"), [("run", "train"), ("search", "tune")])
def test_the_old_name_of_a_command_gets_a_hint(old: str, new: str) -> None:
    code, out, err = invoke(old, "--rounds", 1)
    assert (code, out) == (errors.MISUSED, "")
    assert err == f"error: unknown command {old}: {old} is now {new}\n"


MISUSES = [
    (("partition", "--alpha", "0"), "--alpha must be a finite number > 0, got 0"),
    (("partition", "--alpha", "-1.5"), "--alpha must be a finite number > 0, got -1.5"),
    (("partition", "--alpha", "nan"), "--alpha must be a finite number > 0, got nan"),
    (("partition", "--alpha", "much"), "--alpha must be a finite number > 0, got 'much'"),
    (("partition", "--prevalence", "1.5"), "--prevalence must be a number in (0, 1)"),
    (("partition", "--prevalence", "0"), "--prevalence must be a number in (0, 1)"),
    (("partition", "--prevalence", "0.2,0.1"), "--prevalence must run from low to high"),
    (
        ("partition", "--train-rows", "50", "--clients", "60"),
        "error: --clients=60 with --min-size=10 need",
    ),
    (("compare", "--engine", "native", "--device", "cuda"), "error: --"),
    (("partition", "--config", "nowhere.toml"), "nowhere.toml: cannot be read"),
    (("compare", "--methods", "fedavg,fedproxx"), "got 'fedproxx'; did you mean fedprox"),
    (("compare", "--sort", "roc"), "--sort must be one of roc_auc"),
    (("compare", "--epochs", "2", "--steps", "3"), "exactly one of --steps and --epochs"),
    (("compare", "--out", "a", "--resume", "b"), "--out a and --resume b exclude each other"),
    (("compare", "--threads", "0"), "--threads must be a whole number >= 1"),
    (
        ("compare", "--engine", "steam"),
        "--engine must be one of 'auto', 'native' or 'torch', got 'steam'",
    ),
    (("train", "--methods", "fedavg,cfmt"), "train takes one method, got fedavg, cfmt"),
    (
        ("partition", "--alpha", "1e-300"),
        "[1e-100, 1e100] (small values skew, large ones even out), got 1e-300",
    ),
    (
        ("partition", "--rows-per-client", "8,16"),
        "lower --min-size or swap the bounds, got (8, 16) with --min-size=10",
    ),
    (("train", "--threads", "5000"), "threads must be in [1, 4096], got 5000"),
]


@pytest.mark.parametrize(("arguments", "message"), MISUSES, ids=[" ".join(given) for given, _ in MISUSES])
def test_misuse_ends_in_one_line_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = invoke(*arguments)
    assert (code, out) == (errors.MISUSED, "")
    *notes, line = err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert all(note.startswith("note: ") for note in notes)
    assert not list(tmp_path.iterdir())


def test_an_unknown_key_of_a_file_is_named_with_near_ones(tmp_path: Path) -> None:
    file = tmp_path / "experiment.toml"
    file.write_text("[partition]\nalhpa = 0.3\n")
    code, _, err = invoke("partition", "--config", file)
    assert code == errors.MISUSED
    assert err.startswith(f"error: {file}: unknown key partition.alhpa = 0.3; did you mean alpha?")


def test_an_unknown_option_is_named_with_near_ones() -> None:
    code, _, err = invoke("partition", "--alhpa", 3)
    assert code == errors.MISUSED
    assert "--alhpa" in err
    assert "--alpha" in err


@pytest.mark.parametrize("command", ["partition", "compare"])
def test_a_missing_folder_is_a_failure(tmp_path: Path, command: str) -> None:
    code, out, err = invoke(command, "--data", tmp_path / "nowhere")
    assert (code, out) == (errors.FAILED, "")
    assert err.startswith(f"error: {tmp_path / 'nowhere'}: ")
    assert err.count("\n") == 1


def test_an_occupied_output_folder_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    code, _, err = invoke("train", "--out", tmp_path, "--rounds", 1, "--clients", 2, "--train-rows", 200)
    assert code == errors.FAILED
    assert f"error: {tmp_path}: is not empty" in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_nothing_to_resume_is_a_failure(tmp_path: Path) -> None:
    code, _, err = invoke("compare", "--resume", tmp_path)
    assert code == errors.FAILED
    assert err.startswith(f"error: {tmp_path}: ")


@pytest.mark.parametrize("package", ["torch", "matplotlib"])
def test_a_missing_extra_is_named(tmp_path: Path, package: str) -> None:
    command = {
        "torch": ["train", "--rounds", "1", "--engine", "torch"],
        "matplotlib": ["partition", "--clients", "5", "--plot", str(tmp_path / "plot")],
    }[package]
    code = f"""
import sys
sys.modules[{package!r}] = None
sys.argv = ["cfmt", *{command}]
from cfmt.cli import main
main()
"""
    done = in_python(code)
    assert done.returncode == errors.FAILED
    *_, line = done.stderr.splitlines()
    assert line.startswith("error: ")
    extra = {"torch": "torch", "matplotlib": "plots"}[package]
    assert f"pip install 'cfmt[{extra}]'" in line


def test_a_fault_of_ours_is_one_line_unless_debugging(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("cfmt.data.load_synthetic", fail)
    code, _, err = invoke("partition")
    assert code == errors.FAILED
    assert (
        err.splitlines()[-1]
        == "error: ZeroDivisionError: by zero (a fault of cfmt; CFMT_DEBUG=1 shows where)"
    )
    monkeypatch.setenv("CFMT_DEBUG", "1")
    assert isinstance(runner.invoke(app, ["partition"]).exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "a/b"),
            "a/b: No space left on device; free some space",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "a"),
            "a: Permission denied; name a folder that you may",
        ),
        (MemoryError(), "out of memory; take fewer clients, a smaller --hidden"),
        (RuntimeError("can't allocate memory: you tried"), "out of memory; take fewer clients"),
        (RuntimeError("shape"), "RuntimeError: shape (a fault of cfmt"),
    ],
)
def test_errors_of_the_machine_name_a_remedy(
    monkeypatch: pytest.MonkeyPatch, error: Exception, line: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("cfmt.data.load_synthetic", fail)
    code, _, err = invoke("partition")
    assert code == errors.FAILED
    assert err.splitlines()[-1].startswith(f"error: {line}")


def test_the_default_of_a_command_is_shown_as_it_is_written() -> None:
    code, out, _ = invoke("train", "--help")
    assert code == 0
    assert "[default: cfmt]" in " ".join(out.replace("│", "").split())


def test_a_saved_partition_keeps_its_seed(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    assert invoke("partition", "--clients", 5, "--seed", 3, "--out", folder)[0] == 0
    code, _, err = invoke("partition", "--partition-from", folder, "--seed", 4)
    assert code == errors.MISUSED
    assert f"--seed 4: the partition in {folder} was made with seed 3; leave the option out" in err
    for seed in ((), ("--seed", 3)):
        code, out, _ = invoke("partition", "--partition-from", folder, *seed)
        assert (code, "seed 3" in out) == (0, True)


def test_threads_cannot_change_once_the_kernels_run() -> None:
    code = """
from cfmt import _core
_core.set_threads(2)
_core.set_threads(2)
print(_core.threads())
try:
    _core.set_threads(3)
except ValueError as error:
    print(error)
"""
    first, second = in_python(code).stdout.splitlines()
    assert first == "2"
    assert second.startswith("threads must stay 2 in this process, got 3")


def test_data_list_names_every_data_set() -> None:
    code, out, _ = invoke("data", "list")
    assert code == 0
    assert all(name in out for name in ("nsl-kdd", "synthetic", "unsw-nb15", "ton-iot"))


def test_data_inspect_says_that_traffic_is_synthetic() -> None:
    code, out, err = invoke("data", "inspect", "synthetic")
    assert code == 0
    assert "SYNTHETIC" in out
    assert "SYNTHETIC" in err
    assert "neptune" in out


def test_data_inspect_counts_the_real_rows(nsl_kdd_folder: Path) -> None:
    code, out, err = invoke("data", "inspect", nsl_kdd_folder)
    assert (code, err) == (0, "note: 664 of 22,544 test rows (2.9 %) stand in training bit by bit\n")
    assert "125,973" in out
    assert "22,544" in out
    assert "SYNTHETIC" not in out


def test_data_verify_knows_the_published_files(nsl_kdd_folder: Path) -> None:
    code, out, _ = invoke("data", "verify", nsl_kdd_folder)
    assert code == 0
    assert "KDDTrain+.txt" in out


def test_data_verify_fails_for_other_bytes(tmp_path: Path) -> None:
    (tmp_path / "KDDTrain+.txt").write_text("0,tcp\n")
    code, out, _ = invoke("data", "verify", tmp_path)
    assert code == errors.FAILED
    assert "differs" in out
    assert "missing" in out


def test_partition_shows_sizes_skew_and_clients() -> None:
    code, out, err = invoke("partition", "--clients", 10, "--train-rows", 3000)
    assert code == 0
    assert "SYNTHETIC" in out
    assert "SYNTHETIC" in err
    for measure in (
        "rows",
        "share of attacks",
        "imbalance ratio",
        "Jensen-Shannon divergence by family [bit]",
        "Gini",
    ):
        assert measure in out
    assert "Rows of each client" in out


def test_partition_saves_a_plot(tmp_path: Path) -> None:
    code, _, err = invoke("partition", "--clients", 10, "--train-rows", 3000, "--plot", tmp_path / "plot")
    assert code == 0
    assert sorted(path.name for path in (tmp_path / "plot").iterdir()) == ["partition.png", "partition.svg"]
    assert str(tmp_path / "plot" / "partition.png") in err


def test_partition_takes_more_clients_than_rows() -> None:
    code, out, _ = invoke("partition", "--clients", 100_000, "--rows-per-client", "5,20", "--min-size", 1)
    assert code == 0
    assert "100,000 clients" in out
    assert "Rows of each client" not in out


def test_partition_is_kept_and_shown_again(tmp_path: Path) -> None:
    made = ["--train-rows", 3000, "--rows-per-client", "5,20", "--min-size", 1]
    code, out, err = invoke("partition", "--clients", 300, *made, "--seed", 4, "--out", tmp_path / "parts")
    assert code == 0, err
    assert f"kept in {tmp_path / 'parts'}" in err
    again = ["--train-rows", 3000, "--partition-from", tmp_path / "parts"]
    assert invoke("partition", *again)[:2] == (0, out)  # with the seed that it was made by
    code, _, err = invoke("partition", *again, "--clients", 299)
    assert code == errors.MISUSED
    assert "--clients = 299: the partition in" in err
    code, _, err = invoke("partition", "--train-rows", 2999, "--partition-from", tmp_path / "parts")
    assert code == errors.FAILED
    assert "is a partition of another table" in err
    code, _, err = invoke("partition", "--partition-from", tmp_path / "none")
    assert code == errors.FAILED
    assert "cfmt partition --out" in err


def test_options_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "experiment.toml"
    file.write_text("[partition]\nclients = 7\nalpha = 0.9\n")
    _, out, _ = invoke("partition", "--config", file, "--alpha", 0.4, "--train-rows", 3000)
    assert "7 clients" in out
    assert "= 0.4" in out


@pytest.mark.parametrize("module", ["typer", "pydantic", "cfmt.cli.tune"])
def test_ctrl_c_while_modules_are_imported_ends_in_one_line(module: str) -> None:
    code = f"""
import runpy, sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder)
runpy.run_module("cfmt", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (errors.INTERRUPTED, "", "interrupted\n")


def test_the_installed_command_is_the_module() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["scripts"] == {"cfmt": "cfmt.__main__:main"}


@pytest.mark.parametrize(("kept", "other"), [("attacks", "normal traffic"), ("normal traffic", "attacks")])
@pytest.mark.parametrize("command", ["train", "compare", "partition", "tune"])
def test_rows_of_one_class_are_told_as_such(tmp_path: Path, command: str, kept: str, other: str) -> None:
    row = f"0,tcp,http,SF{',0' * 37},"
    lines = {"attacks": f"{row}neptune,21\n", "normal traffic": f"{row}normal,21\n"}
    (tmp_path / "KDDTrain+.txt").write_text(lines[kept] * 40)
    (tmp_path / "KDDTest+.txt").write_text("".join(lines.values()))
    given = ["--out", tmp_path / "found"] if command == "tune" else []
    code, out, err = invoke(command, "--data", tmp_path, "--clients", 2, *given)
    assert (code, out) == (errors.FAILED, "")
    assert err.splitlines()[-1] == (
        f"error: {tmp_path}: the training rows are {kept} only; a detector learns from both, "
        f"so add rows of {other}"
    )
    assert invoke("data", "inspect", tmp_path)[0] == 0


def test_errors_name_an_option_by_its_option_and_a_key_of_a_file_by_its_key(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("[partition]\nclients = 60\nmin_size = 10\n[data]\ntrain_rows = 50\n")
    code, _, err = invoke("partition", "--config", file)
    assert code == errors.MISUSED
    assert "partition.clients=60 with partition.min_size=10" in err
    code, _, err = invoke("partition", "--config", file, "--clients", 61)
    assert code == errors.MISUSED
    assert "--clients=61 with partition.min_size=10" in err
