"""Which frames are computed once and kept, because several lanes read them."""

from __future__ import annotations

from collections import Counter

from headrace.compiler.draft import Draft
from headrace.core import Destination

__all__ = ["share_frames"]


def share_frames(draft: Draft) -> Draft:
    """Keeps what must be computed once, what says ``cache: true``, and costly work that lanes share.

    Reading a file twice is cheaper than keeping it; joining twice is not.
    """
    order = [name for name in draft.order if name in draft.stages]
    costly: dict[str, bool] = {}
    for name in order:
        sources = [lane.stage for lane in draft.lanes[name].values()]
        costly[name] = draft.stages[name].costly or any(costly.get(each, False) for each in sources)
    readers = Counter(lane.stage for name in order for lane in draft.lanes[name].values())
    actions: Counter[str] = Counter()
    kept: set[str] = set()
    reread = {name for name in order if readers[name] > 1}
    for name in reversed(order):
        stage, node = draft.stages[name], draft.pipeline.stages[name]
        routed = stage.rejects and node.on_error != "stop"
        times = actions[name] + routed
        must = node.cache or (stage.once and times > 1)
        if not isinstance(stage, Destination) and (must or (times > 1 and name in reread and costly[name])):
            kept.add(name)
        own = 1 if name in kept or isinstance(stage, Destination) else times
        computes = 1 if isinstance(stage, Destination) else stage.readings(own)
        for lane in draft.lanes[name].values():
            actions[lane.stage] += computes
            if computes > max(own, 1):
                reread.add(lane.stage)
    return draft.with_issues((), kept=frozenset(kept))
