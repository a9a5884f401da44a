"""Make up rows."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ValidationError, model_validator

from headrace.core import Field, Frame, InvalidCall, Json, Origin, Run, Schema, Slice
from headrace.storage.counting import Counter
from headrace.storage.datasource import frame_of, session_zone
from headrace.storage.generated import Generated, GeneratedColumn, generated_schema


class Generate(Origin):
    """Make up rows from a seed, any number of them: to try, to test, to measure."""

    reads_columns: ClassVar[bool] = True

    rows: int | None = Field(
        default=1000, ge=0, description="How many. With `rows_per_second`, null means without end."
    )
    columns: dict[str, str | dict[str, Any]] = Field(
        description="By name: `sequence`, a type, or a mapping with `type` and `min`, `max`, `choices`, "
        "`nulls`, `length`, `sequence`, `step`.",
        min_length=1,
        examples=[{"id": "sequence", "price": {"type": "decimal(8,2)", "min": 1, "max": 900}}],
    )
    seed: int = Field(default=0, description="The same seed gives the same rows, on every engine.")
    rows_per_second: float | None = Field(
        default=None,
        gt=0,
        description="Rows that come with time, for streaming: each batch holds those due since the last.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Generate:
        if self.rows is None and self.rows_per_second is None:
            raise ValueError("rows without end need rows_per_second")
        self._made()
        return self

    def _made(self) -> dict[str, GeneratedColumn]:
        made = {}
        for name, given in self.columns.items():
            try:
                made[name] = GeneratedColumn.of(given)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"])
                raise ValueError(f"column '{name}', {where}: {first['msg']}") from None
            except (ValueError, InvalidCall) as error:
                raise ValueError(f"column '{name}': {error}") from None
        return made

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """What is declared."""
        return generated_schema(self._made())

    def read(self, run: Run) -> Frame:
        """The rows of the slice, or all of them."""
        columns = self._made()
        if run.columns is not None:
            used = {name.casefold() for name in run.columns}
            columns = {name: each for name, each in columns.items() if name.casefold() in used} or dict(
                [next(iter(columns.items()))]
            )
        first, last = run.slice.items if run.slice else (0, self.rows or 0)
        if run.limit is not None:
            last = first + run.limit if self.rows is None else min(first + run.limit, self.rows)
        counter = Counter.at(run.scratch / f"generate-{os.urandom(4).hex()}")
        zone = session_zone(run.session, run.engine)
        cuts = len(os.sched_getaffinity(0)) if run.engine == "embedded" else 64
        run.watch(counter.value, direction="out")
        return frame_of(run.session, Generated(columns, self.seed, first, last, cuts, zone, counter))

    def next_slice(self, offset: Json, run: Run) -> Slice | None:
        """With `rows_per_second`: what is due; the first time what one second brings."""
        if self.rows_per_second is None:
            return None
        now = dt.datetime.now(dt.UTC).timestamp()
        known = offset or {"since": now - 1, "rows": 0}
        due = int((now - known["since"]) * self.rows_per_second)
        last = due if self.rows is None else min(due, self.rows)
        last = max(last, known["rows"])
        return Slice({"since": known["since"], "rows": last}, [known["rows"], last])
