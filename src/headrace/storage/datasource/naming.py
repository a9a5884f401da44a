"""Names under which frames and writers are known to a session: used again, batch after batch.

An engine keeps what is registered with it as long as the session lives. A stream that took a new name for
every frame would fill it; what one batch has registered is replaced by the next.
"""

from __future__ import annotations

import itertools
from typing import Any

__all__ = ["fresh_name", "use_names_again"]

_NUMBERS = "_headrace_numbers"
"""An attribute of the session: counts what has been registered since the batch began."""


def fresh_name(session: Any, what: str) -> str:
    """A name that nothing of this batch has; from any thread."""
    numbers = session.__dict__.setdefault(_NUMBERS, itertools.count())
    return f"headrace_{what}_{next(numbers)}"


def use_names_again(session: Any) -> None:
    """No frame of before is used any more."""
    session.__dict__[_NUMBERS] = itertools.count()
