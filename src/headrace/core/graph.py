"""Pure questions about the shape of a graph given as ``{node: the nodes it reads from}``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["find_cycle", "in_order", "upstream"]

Graph = Mapping[str, Iterable[str]]


def in_order(graph: Graph) -> list[str]:
    """Every node after all it reads from; otherwise in the order given. Nodes on a cycle are left out."""
    waiting = {node: {each for each in reads if each in graph} for node, reads in graph.items()}
    readers: dict[str, list[str]] = {node: [] for node in graph}
    for node, reads in waiting.items():
        for each in reads:
            readers[each].append(node)
    rank = {node: position for position, node in enumerate(graph)}
    ready = [node for node, reads in waiting.items() if not reads]
    order: list[str] = []
    for node in ready:  # grows while it is walked
        order.append(node)
        for reader in sorted(readers[node], key=rank.__getitem__):
            waiting[reader].discard(node)
            if not waiting[reader]:
                ready.append(reader)
    return order


def find_cycle(graph: Graph) -> list[str]:
    """One cycle as the nodes along it, the first repeated at the end; empty when there is none."""
    placed = set(in_order(graph))
    rest = {
        node: [each for each in reads if each in graph and each not in placed]
        for node, reads in graph.items()
    }
    node = next((each for each in graph if each not in placed and rest[each]), None)
    if node is None:
        return []
    seen: list[str] = []
    while node not in seen:
        seen.append(node)
        node = rest[node][0]
    loop = seen[seen.index(node) :]
    return [*reversed(loop), loop[-1]]


def upstream(graph: Graph, node: str) -> set[str]:
    """Every node that ``node`` reads from, directly or not."""
    found: set[str] = set()
    waiting = list(graph.get(node, ()))
    while waiting:
        each = waiting.pop()
        if each not in found and each in graph:
            found.add(each)
            waiting.extend(graph[each])
    return found
