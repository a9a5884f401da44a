"""Our own database: runs, events, offsets, the publish journal and the promotion log.

``open_state`` and what it needs are imported when first asked for: this module is cheap to import.
"""

from typing import TYPE_CHECKING, Any

from .process import process_identity
from .records import (
    Attempt,
    CancelRequest,
    EndState,
    EventRecord,
    Offset,
    OffsetChange,
    Promotion,
    Publish,
    PublishEntry,
    RunRecord,
)

if TYPE_CHECKING:
    from .opening import HeldRun, State, open_state
    from .runs import new_run_id

__all__ = [
    "Attempt",
    "CancelRequest",
    "EndState",
    "EventRecord",
    "HeldRun",
    "Offset",
    "OffsetChange",
    "Promotion",
    "Publish",
    "PublishEntry",
    "RunRecord",
    "State",
    "new_run_id",
    "open_state",
    "process_identity",
]


def __getattr__(name: str) -> Any:
    if name in ("HeldRun", "State", "open_state"):
        from . import opening

        return getattr(opening, name)
    if name == "new_run_id":
        from .runs import new_run_id

        return new_run_id
    raise AttributeError(name)
