"""Markdown about a program's commands, from what they say of themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

from markup import fence, page, table


def commands_page(group: Any, title: str, opening: str) -> str:
    """Every command of a Typer or Click program, with its arguments and options."""
    parts = [f"# {title}", opening]
    for path, command in _commands(group, (group.name,)):
        parts += [f"## {' '.join(path)}", _help(command.help or "")]
        if getattr(command, "commands", None):
            continue
        parts.append(fence("text", " ".join([*path, *_usage(command.params)])))
        rows = [(_names(each), _option_help(each)) for each in command.params if not _is_help(each)]
        if rows:
            parts.append(table(("", ""), rows))
    return page(parts)


def _commands(group: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        yield (*path, name), command
        if getattr(command, "commands", None):
            yield from _commands(command, (*path, name))


def _is_help(parameter: Any) -> bool:
    return "--help" in parameter.opts


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _usage(parameters: Iterable[Any]) -> Iterator[str]:
    yield "[OPTIONS]"
    for each in parameters:
        if _is_argument(each):
            name = (each.metavar or each.name).upper() + ("…" if each.nargs == -1 else "")
            yield name if each.required else f"[{name}]"


def _names(parameter: Any) -> str:
    if _is_argument(parameter):
        return f"`{(parameter.metavar or parameter.name).upper()}`"
    taken = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
    return ", ".join(f"`{name}{taken}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _option_help(parameter: Any) -> str:
    text = getattr(parameter, "help", None) or ""
    shown = parameter.default not in (None, False, True, "", (), []) and not callable(parameter.default)
    return f"{text} Default: `{parameter.default}`." if shown else text


def _help(text: str) -> str:
    """A docstring whose lines ``Example: headrace …`` become a block."""
    lines = []
    for line in inspect.cleandoc(text.replace("\b", "").replace("\f", "\n")).splitlines():
        word, _, command = line.partition("Example: ")
        lines.append(fence("console", f"$ {command}") if not word and command else line)
    return "\n".join(lines)
