"""The compiler's passes, in the order in which they run; each is ``Draft → Draft``."""

from .bind import bind
from .choose_engine import choose_engine
from .connect import connect
from .fill_values import fill_values
from .find_classes import find_classes
from .find_connections import find_connections
from .find_mistakes import find_mistakes
from .find_weak_promises import find_weak_promises
from .put_in_order import put_in_order
from .share_frames import share_frames

PASSES = (
    find_classes,
    fill_values,
    bind,
    find_connections,
    connect,
    find_mistakes,
    put_in_order,
    find_weak_promises,
    choose_engine,
    share_frames,
)

__all__ = ["PASSES"]
