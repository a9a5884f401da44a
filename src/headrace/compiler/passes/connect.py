"""Arrows become lanes between ports that exist; disabled stages step aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from headrace.compiler.draft import Draft
from headrace.core import ERRORS, Destination, Issue, Lane, Node, Origin, Ports, Stage, did_you_mean

__all__ = ["connect"]


def connect(draft: Draft) -> Draft:
    """Dangling arrows, ports and outputs that do not exist, and readers of what is disabled are issues."""
    issues: list[Issue] = []
    nodes = draft.pipeline.stages
    lanes: dict[str, dict[str, Lane]] = {}
    for name, node in nodes.items():
        if node.disabled:
            continue
        reads = [_around_disabled(nodes, lane) for lane in node.inputs]
        found = list(_dangling(draft, node, reads))
        issues.extend(found)
        if not found and name in draft.classes:
            ports, problems = _to_ports(draft, node, reads)
            lanes[name] = ports
            issues.extend(problems)
    issues.extend(_error_lanes(draft))
    return draft.with_issues(issues, lanes=lanes)


def _around_disabled(nodes: Mapping[str, Node], lane: Lane) -> Lane:
    """A disabled processor hands on its first input."""
    seen: set[str] = set()
    while lane.stage in nodes and nodes[lane.stage].disabled and nodes[lane.stage].inputs:
        if lane.stage in seen:
            break
        seen.add(lane.stage)
        lane = replace(nodes[lane.stage].inputs[0], port=lane.port)
    return lane


def _dangling(draft: Draft, node: Node, reads: list[Lane]) -> Iterator[Issue]:
    nodes = draft.pipeline.stages
    for lane in reads:
        source = nodes.get(lane.stage)
        if source is None:
            hint = did_you_mean(lane.stage, [name for name in nodes if name != node.name])
            yield _issue(
                draft, node, "dangling-input", f"It reads from '{lane}', which does not exist.", hint
            )
        elif source.disabled:
            yield _issue(draft, node, "disabled-input", f"It reads from '{lane}', which is disabled.")
        elif lane.stage in draft.classes:
            yield from _wrong_output(draft, node, lane)


def _wrong_output(draft: Draft, node: Node, lane: Lane) -> Iterator[Issue]:
    source, kind = draft.pipeline.stages[lane.stage], draft.classes[lane.stage]
    stage: Stage | type[Stage] = draft.stages.get(lane.stage, kind)
    outputs = stage.lanes() if isinstance(stage, Stage) else stage.outputs
    if issubclass(kind, Destination):
        yield _issue(
            draft,
            node,
            "reads-from-destination",
            f"'{lane.stage}' is a destination; nothing comes out of it.",
        )
    elif lane.output == ERRORS and ERRORS not in outputs:
        if source.on_error != "route":
            hint = f"Set `on_error: route` on '{lane.stage}'."
            yield _issue(
                draft, node, "unknown-output", f"'{lane.stage}' does not route its error rows.", hint
            )
    elif lane.output is None and outputs and kind.default_output is None:
        named = " or ".join(f"'{lane.stage}.{each}'" for each in outputs)
        yield _issue(
            draft, node, "ambiguous-output", f"'{lane.stage}' has several outputs.", f"Name one: {named}."
        )
    elif lane.output is not None and lane.output not in outputs:
        known = did_you_mean(lane.output, outputs) if outputs else "It has one output; leave the name out."
        yield _issue(draft, node, "unknown-output", f"'{lane.stage}' has no output '{lane.output}'.", known)


def _to_ports(draft: Draft, node: Node, reads: list[Lane]) -> tuple[dict[str, Lane], list[Issue]]:
    kind = draft.classes[node.name]
    if issubclass(kind, Origin):
        extra = [
            _issue(draft, node, "origin-with-input", f"'{node.type}' is an origin; it reads from no stage.")
        ]
        return {}, extra if reads else []
    ports = kind.ports()
    lanes: dict[str, Lane] = {}
    issues: list[Issue] = []
    for position, lane in enumerate(reads):
        port = _port(ports, lane, position, len(lanes))
        if port is None or port in lanes or port == "run":
            issues.append(_issue(draft, node, *_no_port(node, ports, lane, port)))
        else:
            lanes[port] = lane
    missing = [name for name in ports.names[: ports.required] if name not in lanes]
    if not issues and (missing or (not lanes and not ports.required)):
        what = ", ".join(f"'{name}'" for name in missing) or "at least one input"
        hint = "Say where its rows come from with `from:`."
        issues.append(_issue(draft, node, "missing-input", f"'{node.type}' needs {what}.", hint))
    return lanes, issues


def _port(ports: Ports, lane: Lane, position: int, taken: int) -> str | None:
    if lane.port is not None:
        return lane.port if lane.port in ports.names or ports.named else None
    if position < len(ports.names):
        return ports.names[position]
    if ports.variadic:
        return str(taken)
    return (lane.output or lane.stage) if ports.named else None


def _no_port(node: Node, ports: Ports, lane: Lane, port: str | None) -> tuple[str, str, str | None]:
    if port == "run":
        return "reserved-input", "An input cannot be called 'run'.", "Name it: `from: {rows: run}`."
    if port is not None:
        return "duplicate-input", f"Its input '{port}' is given twice.", None
    if lane.port is not None:
        return (
            "unknown-input",
            f"'{node.type}' has no input '{lane.port}'.",
            did_you_mean(lane.port, ports.names),
        )
    count = len(ports.names)
    return "too-many-inputs", f"'{node.type}' takes {count} input{'s' * (count != 1)}.", None


def _error_lanes(draft: Draft) -> Iterator[Issue]:
    for name, kind in draft.classes.items():
        node = draft.pipeline.stages[name]
        if node.on_error != "stop" and not kind.rejects:
            message = f"No row can fail in '{node.type}', so `on_error: {node.on_error}` means nothing there."
            yield draft.pipeline.issue("no-error-rows", message, stage=name, field="on_error")


def _issue(draft: Draft, node: Node, code: str, message: str, hint: str | None = None) -> Issue:
    return draft.pipeline.issue(code, message, stage=node.name, field="from", hint=hint)
