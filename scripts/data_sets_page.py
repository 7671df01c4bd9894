"""Write docs/data-sets.md from the registry: python scripts/data_sets_page.py."""

from __future__ import annotations

from pathlib import Path

from cfmt.data import DATA_SETS, DataSet

PAGE = Path(__file__).parents[1] / "docs" / "data-sets.md"
INTRODUCTION = """# Data sets

What `cfmt` knows of published data sets. A table is recognised by its columns, and its files by their bytes,
whatever they are called: `cfmt data inspect PATH` tells. No data come with the package.
`python scripts/data_sets_page.py` writes this page.
"""


def section(known: DataSet) -> str:
    """Write what is known of one data set."""
    lines = [f"## {known.name}", "", f"{known.title}.", ""]
    lines += [f"- **Split**: {known.split}.", *(f"- **Known flaw**: {flaw}." for flaw in known.flaws)]
    if known.label:
        normal = ", ".join(f"`{word}`" for word in known.normal)
        kinds = f"; attack types in `{known.attack_type}`" if known.attack_type else ""
        lines.append(f"- **Labels**: `{known.label}`, normal traffic {normal}{kinds}.")
    if known.families:
        lines.append(f"- **Families**: {', '.join(name for name, _ in known.families)}.")
    lines += [f"- **Terms**: {known.terms}.", f"- **Cite**: {known.citation}."]
    for file in known.files:
        lines.append(f"- `{file.name}`: {file.n_rows:,} rows ({file.part}), sha256 `{file.sha256}`.")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Write the whole page."""
    return "\n".join([INTRODUCTION, *map(section, DATA_SETS)])


if __name__ == "__main__":
    PAGE.write_text(page())
