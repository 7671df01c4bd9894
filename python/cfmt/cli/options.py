"""Command-line options made from the configuration's keys, so that no key is written down twice."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from cfmt.config import Common, Option, Tree, section_fields
from cfmt.errors import ConfigError

__all__ = ["ConfigFile", "JsonFlag", "OutFolder", "Quiet", "ResumeFolder", "TunedFolder", "takes_keys"]

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="PATH", help="TOML file with keys by section; options win over it."),
]
OutFolder = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="PATH", help=r"New folder for the results. [dim]\[default: runs/TIME-COMMAND][/dim]"
    ),
]
ResumeFolder = Annotated[
    Path | None,
    typer.Option("--resume", metavar="PATH", help="Resume an interrupted run; finished parts are kept."),
]
TunedFolder = Annotated[
    Path | None,
    typer.Option(
        "--tuned",
        metavar="PATH",
        hidden=True,
        help="Folder of cfmt tune; each method takes the settings found for it.",
    ),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")]


def takes_keys(
    *sections: str, defaults: Tree | None = None, without: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option for each key of some sections.

    Parameters
    ----------
    *sections : str
        Sections of the configuration.
    defaults : mapping of str to mapping of str to object, optional
        Defaults of the command that are not the configuration's own.
    without : collection of str, default=()
        Keys that the command does not take.

    Returns
    -------
    callable
        A decorator; the command gets its own options, and the keys that were given as ``given``, a tree.
    """
    keys = {
        _options(key, field)[0].replace("-", "_"): (section, key, field)
        for section in sections
        for key, field in section_fields(section).items()
        if key not in without
    }

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        """Return the command with one more option for each key."""

        @functools.wraps(command)
        def with_tree(**values: Any) -> None:
            """Run the command with the options that were given as one tree, keys by section."""
            values.pop("help_all")
            given: dict[str, dict[str, Any]] = {}
            for option, (section, key, field) in keys.items():
                text = values.pop(option)
                if text is not None:
                    given.setdefault(section, {})[key] = _parse(text, field)
            from_file = values.get("config") or values.get("resume")
            try:
                command(given=given, **values)
            except ConfigError as error:
                mine = {
                    f"{section}.{key}": f"--{option.replace('_', '-')}"
                    for option, (section, key, _) in keys.items()
                    if not from_file or key in given.get(section, {})
                }
                raise ConfigError(_in_options(str(error), mine)) from error

        own = inspect.signature(command, eval_str=True).parameters.values()
        made = [
            _parameter(option, key, field, (defaults or {}).get(section, {}))
            for option, (section, key, field) in keys.items()
        ]
        given_own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own if p.name != "given"]
        panels = {option: rf"\[{section}] in the TOML file" for option, (section, _, _) in keys.items()}
        # typer reads options off the signature
        with_tree.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [*made, *given_own, _help_all(panels)]
        )
        return with_tree

    return decorate


def _in_options(message: str, options: Mapping[str, str]) -> str:
    """Name keys by the options that set them; keys that came from a file keep their names."""
    return re.sub(r"\b[a-z]+\.[a-z_]+\b", lambda found: options.get(found[0], found[0]), message)


def _options(key: str, field: FieldInfo) -> tuple[str, ...]:
    """Return the names of a key's options, without their dashes."""
    named = [mark.names for mark in field.metadata if isinstance(mark, Option)]
    return named[0] if named else (key.replace("_", "-"),)


def _help_all(panels: Mapping[str, str]) -> inspect.Parameter:
    """Make the option that shows every option, each in the panel of its section."""

    def show(context: typer.Context, asked: bool) -> None:
        """Print the help with the hidden options too, one panel for each section, and end the program."""
        if not asked:
            return
        for option in context.command.params:
            option.hidden = False  # type: ignore[attr-defined]  # of options, and there are no arguments
            if option.name in panels:
                option.rich_help_panel = panels[option.name]  # type: ignore[attr-defined]  # typer's
        typer.echo(context.get_help())
        raise typer.Exit

    info = typer.Option("--help-all", help="Show every option.", is_eager=True, callback=show)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter("help_all", kind, default=False, annotation=Annotated[bool, info])


def _parameter(option: str, key: str, field: FieldInfo, defaults: Mapping[str, Any]) -> inspect.Parameter:
    """Make the keyword-only parameter from which typer reads a key's option; its default is None."""
    default = _show(defaults.get(key, field.default))
    info = typer.Option(
        *(f"--{name}" for name in _options(key, field)),
        help=rf"{field.description} [dim]\[default: {default}][/dim]",
        metavar=_metavar(field),
        show_default=False,
        hidden=not any(isinstance(mark, Common) for mark in field.metadata),
    )
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(option, kind, default=None, annotation=Annotated[str | None, info])


def _choices(field: FieldInfo) -> tuple[str, ...]:
    """Return the words that a key allows; none where it takes anything else."""
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def _metavar(field: FieldInfo) -> str:
    """Write what an option takes, such as ``FLOAT`` or ``iid|dirichlet``, for its help."""
    named = [mark.metavar for mark in field.metadata if isinstance(mark, Option) and mark.metavar]
    if named:
        return named[0]
    if _choices(field):
        return "|".join(_choices(field))
    kinds = [kind for kind in get_args(field.annotation) or (field.annotation,) if kind is not NoneType]
    return "|".join(
        "low,high" if get_origin(kind) is tuple else _plain(kind).__name__.upper() for kind in kinds
    )


def _plain(kind: Any) -> Any:
    """Take the bounds off a type."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _show(value: object) -> str:
    """Write a default as it would be given on the command line."""
    if isinstance(value, tuple | list) and value:
        return ",".join(str(item) for item in value)
    return "none" if value in (None, "") else str(value)


def _parse(text: str, field: FieldInfo) -> object:
    """Read an option's text as TOML would hold it; whether it is allowed is the configuration's to say."""
    if field.annotation is str or _choices(field):
        return text
    items = [item.strip() for item in text.split(",")]
    if field.annotation == tuple[str, ...]:
        return [item for item in items if item]
    return _number(text) if len(items) == 1 else [_number(item) for item in items]


def _number(text: str) -> int | float | str:
    """Read an int or else a float; a text that is neither comes back as it is."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
