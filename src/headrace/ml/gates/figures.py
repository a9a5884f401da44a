"""Numbers as a gate's reasons tell them."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["show_number", "show_numbers"]


def show_numbers(values: Mapping[str, float | None]) -> dict[str, str]:
    """Six significant digits, or as many more as it takes to tell different numbers apart."""
    different = len(set(values.values()))
    for digits in (6, 9, 12):
        shown = {name: show_number(value, digits) for name, value in values.items()}
        if len(set(shown.values())) == different:
            return shown
    return {name: show_number(value, 17) for name, value in values.items()}


def show_number(value: float | None, digits: int = 6) -> str:
    """Up to that many significant digits, large numbers in full; ``unknown`` for what has no value."""
    if value is None:
        return "unknown"
    return f"{value:.0f}" if 10**digits <= abs(value) < 1e15 else f"{value:.{digits}g}"
