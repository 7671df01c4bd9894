"""Run what docs/results.md lacks, and write it: ``make results``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cfmt.config import SCENARIOS, Tree
from cfmt.errors import CfmtError
from cfmt.experiment.threads import use_threads
from studies.archive import pack, unpack
from studies.plan import IN_DISTRIBUTION, LEAVE_TYPES_OUT, plan_studies, run_study
from studies.results_page import write_page

_PAGE = Path("docs/results.md")
_QUICK_PAGE = Path("runs/results-quick/results.md")


def main() -> None:
    """Run the studies one after the other; what is finished is kept."""
    arguments = _parse()
    page: Path = arguments.page or (_QUICK_PAGE if arguments.quick else _PAGE)
    folder = page.with_suffix("")
    unpack(folder)
    tuned: Path | None = arguments.tuned if arguments.tuned and any(arguments.tuned.rglob("*.toml")) else None
    given: Tree = {
        "data": {"source": arguments.data},
        "training": {"threads": arguments.threads, "device": arguments.device},
    }
    try:
        use_threads(arguments.threads)
        for study in plan_studies(given, tuned=tuned, quick=arguments.quick):
            if not arguments.page_only and study.name in (arguments.only or (study.name,)):
                run_study(study, folder, tell=_tell, rerun=arguments.rerun)
        write_page(folder, page, order=(*SCENARIOS, IN_DISTRIBUTION), apart=IN_DISTRIBUTION, tuned=tuned)
        pack(folder)
    except CfmtError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted; the same command resumes")
    _tell(f"wrote {page}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="synthetic", help="folder with NSL-KDD's files, or synthetic")
    parser.add_argument("--page", type=Path, help="page to write; its data go to a folder beside it")
    parser.add_argument("--tuned", type=Path, help="folder of cfmt tune; by scenario, or for all")
    parser.add_argument("--threads", type=int, help="threads of the CPU to use; no result depends on it")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument(
        "--quick", action="store_true", help="few rounds and seeds, no ablations, none of leave-types-out-*"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=(*SCENARIOS, IN_DISTRIBUTION, *LEAVE_TYPES_OUT),
        help="run these alone",
    )
    parser.add_argument(
        "--rerun", action="append", default=[], metavar="METHOD", help="run anew, after a change to its code"
    )
    parser.add_argument("--page-only", action="store_true", help="run nothing; write the page anew")
    arguments = parser.parse_args()
    if arguments.quick and not {*LEAVE_TYPES_OUT}.isdisjoint(arguments.only or ()):
        parser.error(
            f"--quick runs none of {', '.join(LEAVE_TYPES_OUT)}; leave one of --quick and --only out"
        )
    return arguments


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
