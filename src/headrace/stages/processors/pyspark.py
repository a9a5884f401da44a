"""Your own PySpark code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from headrace.core import Code, Field, Frame, Processor, Run, Schema, UserCodeFailed
from headrace.frames.code_needs import code_needs
from headrace.frames.columns import schema_of
from headrace.frames.conversions import TypeName
from headrace.frames.user_code import Inputs, as_frame, run_code

Types = dict[str, TypeName]


class PySpark(Processor):
    """Run your own PySpark code on any number of inputs.

    The code finds `inputs` (frames by stage name, or by position: `inputs[0]`), `spark`, `parameters` and
    `log`, and assigns `output`: a PySpark, pandas or Arrow table; with several `outputs` a mapping by name.
    What it prints goes to the run's log. It runs once per run, and on the first rows in a preview. Where it
    mentions `pyspark.ml`, RDDs or the JVM, `engine: auto` chooses Spark.
    """

    eager = True
    once = True
    costly = True

    code: Code = Field(
        min_length=1,
        description="Python code that assigns `output`.",
        examples=['houses = inputs["load"]\noutput = houses.where(houses.price > parameters["minimum"])\n'],
    )
    names: tuple[str, ...] = Field(
        (),
        alias="outputs",
        description="Names of the outputs, where there are several.",
        examples=[["good", "bad"]],
    )
    columns: Types | dict[str, Types] | None = Field(
        None,
        description="Column → type of the output, or, for several outputs, name → columns. What the code "
        "gives is checked against it. Without it, stages after this one cannot be checked before the run.",
        examples=[{"id": "bigint", "price": "double"}],
    )

    @model_validator(mode="after")
    def _columns_fit_outputs(self) -> PySpark:
        if self.columns is not None and self.names and set(self.columns) != set(self.names):
            raise ValueError("with several outputs, columns has one entry for each of them")
        nested = self.columns is not None and any(isinstance(each, Mapping) for each in self.columns.values())
        if nested and not self.names:
            raise ValueError("columns of several outputs need outputs")
        return self

    def engine_needs(self) -> frozenset[str]:
        """What the code mentions and not every engine has: ``pyspark.ml``, RDDs, the JVM."""
        return code_needs(self.code)

    def lanes(self) -> tuple[str, ...]:
        """The named outputs."""
        return self.names

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema | Mapping[str, Schema] | None:
        """The declared columns; ``None`` when there are none: only the code knows."""
        if self.columns is None:
            return None
        if self.names:
            return {name: self._declared(name) or Schema(()) for name in self.names}
        return self._declared(None)

    def transform(self, run: Run, **frames: Frame) -> Frame | Mapping[str, Frame]:
        """What the code assigned to ``output``. Raises ``UserCodeFailed``."""
        names = {
            "inputs": Inputs(frames),
            "spark": run.session,
            "parameters": dict(run.parameters),
            "log": run.log,
        }
        output = run_code(self.code, names, stage=run.stage, log=run.log).get("output")
        if not self.names:
            return self._checked(output, None, run)
        given = output if isinstance(output, Mapping) else {}
        return {name: self._checked(given.get(name), name, run) for name in self.names}

    def _checked(self, value: Any, name: str | None, run: Run) -> Frame:
        frame = as_frame(value, run, f'output["{name}"]' if name else "output")
        declared = self._declared(name)
        if declared is None:
            return frame
        found = schema_of(frame)
        if [(c.name, c.type) for c in found] != [(c.name, c.type) for c in declared]:
            raise UserCodeFailed(
                "output-columns-differ",
                f"The code gave {found.ddl() or 'no columns'}; the document declares {declared.ddl()}.",
                where=run.stage,
                hint="Correct `columns`, or select and cast in the code.",
            )
        return frame

    def _declared(self, name: str | None) -> Schema | None:
        columns: Any = self.columns if name is None or self.columns is None else self.columns[name]
        return None if columns is None else Schema.of(columns)
