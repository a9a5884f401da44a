"""How soon the command line answers, and whether explaining grows with the document and no faster."""

from __future__ import annotations

import shutil
from pathlib import Path

from measure import Figures, alternate
from results import Claim, Section, figures_table
from setting import HEADRACE, Setting

__all__ = ["document", "measure"]

HELP, VALIDATE = "headrace --help", "headrace validate, 200 stages"
STAGES = (100, 500, 1000, 2000)
BODY = """\
{answers}

`explain` of generated documents (rename, compute, convert, filter, remove, over and over), in seconds: cold
without `.headrace`, so that the engine is asked for every schema that does not follow from the document; warm
with schemas cached. Linear means that the last thousand stages take at most 1.3 × as long, each, as the 400
from 100 to 500.

| stages | cold, wall s | cold, CPU s | warm, wall s | warm, CPU s |
|---:|---:|---:|---:|---:|
{rows}
"""


def measure(setting: Setting) -> Section:
    """Start-up and validation, then explaining ever longer documents."""
    sizes = (10, 50, 100, 200) if setting.quick else STAGES
    documents = {f"stages-{size}": document(size) for size in {200, *sizes}}
    project = setting.project("cli", **documents)
    (project / "numbers.csv").write_text("id,amount,name,day\n" + "1,2.5,one,2026-01-01\n" * 10)
    answers = alternate(
        {HELP: [HEADRACE, "--help"], VALIDATE: [HEADRACE, "validate", str(project / "stages-200.yaml")]},
        folder=project,
        rounds=2 * setting.rounds,
        warm_up=setting.warm_up,
    )
    cold, warm = (explained(setting, project, sizes, cold=cold) for cold in (True, False))
    validate = max(answers[VALIDATE].wall, answers[VALIDATE].cpu)
    claims = [
        Claim.at_most("`headrace --help`, CPU", answers[HELP].cpu, 0.35),
        Claim.at_most("`headrace validate` of 200 stages, CPU or wall, the larger", validate, 0.6),
        Claim.at_most("`explain`, cold: growth per stage", growth(cold, sizes), 1.3, " ×"),
        Claim.at_most("`explain`, warm: growth per stage", growth(warm, sizes), 1.3, " ×"),
    ]
    rows = "\n".join(
        f"| {size:,} | {a.wall:.2f} | {a.cpu:.2f} | {b.wall:.2f} | {b.cpu:.2f} |"
        for size, a, b in ((size, cold[size], warm[size]) for size in sizes)
    )
    body = BODY.format(answers=figures_table(answers), rows=rows)
    return Section("cli", "The command line", claims, body)


def explained(setting: Setting, project: Path, sizes: tuple[int, ...], *, cold: bool) -> dict[int, Figures]:
    """``headrace explain`` of each size, in turn."""

    found = alternate(
        {str(size): [HEADRACE, "explain", str(project / f"stages-{size}.yaml"), "--json"] for size in sizes},
        folder=project,
        rounds=min(3, setting.rounds),
        warm_up=0 if cold else 1,
        before=lambda _: shutil.rmtree(project / ".headrace", ignore_errors=True) if cold else None,
    )
    return {int(size): figures for size, figures in found.items()}


def growth(found: dict[int, Figures], sizes: tuple[int, ...]) -> float:
    """CPU for each further stage of the longest documents, over that of the shortest ones."""

    def each(small: int, large: int) -> float:
        return (found[large].cpu - found[small].cpu) / (large - small)

    return each(sizes[-2], sizes[-1]) / each(sizes[0], sizes[1])


def document(stages: int) -> str:
    """A valid pipeline of so many stages in a row, its columns as many at its end as at its beginning."""
    kinds = (
        "processor.rename_fields, from: {0}, rename: {{name: label}}",
        "processor.sql_expression, from: {0}, columns: {{total: amount * 2}}",
        "processor.convert_types, from: {0}, columns: {{total: float}}",
        "processor.filter, from: {0}, condition: total > {1}",
        "processor.remove_fields, from: {0}, fields: [total]",
        "processor.rename_fields, from: {0}, rename: {{label: name}}",
    )
    lines = ["headrace: 1", "kind: pipeline", f"name: stages-{stages}", "stages:"]
    lines.append('  s0: {type: origin.files, path: "numbers.csv", format: csv}')
    for number in range(1, stages - 1):
        kind = kinds[(number - 1) % len(kinds)].format(f"s{number - 1}", number)
        lines.append(f"  s{number}: {{type: {kind}}}")
    lines.append(f"  s{stages - 1}: {{type: destination.discard, from: s{stages - 2}}}")
    return "\n".join(lines) + "\n"
