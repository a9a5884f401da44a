"""A run's events as the lines that a person reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

__all__ = ["is_detail", "number", "progress_lines", "rows_in_words", "sentence"]


def number(value: float, digits: int = 4) -> str:
    """``138,532`` and ``0.8755``: that many digits, or the whole part; an exponent for neither."""
    if isinstance(value, int) or (math.isfinite(value) and 10**digits <= abs(value) < 1e15):
        return f"{value:,.0f}"
    return f"{value:,.{digits}g}"


def progress_lines(events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One line for each event worth reading, as it comes."""
    streams = False
    for event in events:
        streams = streams or event.get("mode") == "streaming"
        line = sentence(event)
        if line is not None and not (streams and is_detail(event)):
            yield line


def is_detail(event: Mapping[str, Any]) -> bool:
    """Whether a stream's batch says the same in one line."""
    return event["event"] == "output_published" or (
        event["event"] == "stage_finished" and event["state"] in ("finished", "skipped")
    )


def sentence(event: Mapping[str, Any]) -> str | None:
    """An event in words; ``None`` for those that only machines read."""
    make = _SENTENCES.get(event["event"])
    return make(event) if make else None


def _started(event: Mapping[str, Any]) -> str:
    return f"run {event['run_id']} of {event['pipeline']} on {event['engine']}: {event['why_engine']}"


def rows_in_words(event: Mapping[str, Any]) -> str:
    """`` in 0.2 s: 5 rows in, 4 rows out``, as far as it is known."""
    counts = [
        f"{event[key]:,} {words if event[key] != 1 else words.replace('rows', 'row')}"
        for key, words in (("rows_in", "rows in"), ("rows_out", "rows out"), ("error_rows", "error rows"))
        if event.get(key) is not None and (key != "error_rows" or event[key])
    ]
    seconds = f" in {event['seconds']:.1f} s" if event.get("seconds") is not None else ""
    return seconds + (f": {', '.join(counts)}" if counts else "")


def _stage(event: Mapping[str, Any]) -> str:
    return f"{event['state']:<9} {event['stage']}{rows_in_words(event)}"


def _model(event: Mapping[str, Any]) -> str:
    plain = {k: v for k, v in event["metrics"].items() if "." not in k and isinstance(v, int | float)}
    shown = ", ".join(f"{name} {number(value)}" for name, value in list(plain.items())[:4])
    name = f"{event['model']} version {event['version']}" if event["model"] else f"a model ({event['stage']})"
    return f"{name} {'registered' if event['model'] else 'tracked'}: {shown}"


def _promotion(event: Mapping[str, Any]) -> str:
    reason = str(event["reason"])
    if reason.startswith(("Promoted", "Kept")):
        reason = reason[0].lower() + reason[1:]
    return f"{event['model']} version {event['version']} {reason}"


def _output(event: Mapping[str, Any]) -> str:
    output = event["output"]
    rows = f" ({output['rows']:,} rows)" if output.get("rows") is not None else ""
    return f"{event['stage']} wrote {output.get('location') or output['kind']}{rows}"


def _warned(event: Mapping[str, Any]) -> str:
    return f"warning: {event['message']}"


def _log(event: Mapping[str, Any]) -> str | None:
    """What a stage shows to whoever looks; the rest is for the log."""
    return f"{event['stage']}: {event['message']}" if event["level"] == "output" else None


def _batch(event: Mapping[str, Any]) -> str:
    rows = [each["rows_out"] for each in event["stages"].values() if each["rows_in"] is None]
    known = f", {sum(rows):,} rows" if rows and None not in rows else ""
    return f"batch {event['batch']} published in {event['seconds']:.2f} s{known}"


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    "log_written": _log,
    "batch_finished": _batch,
    "run_started": _started,
    "stage_finished": _stage,
    "model_registered": _model,
    "promotion_decided": _promotion,
    "output_published": _output,
    "warned": _warned,
}
