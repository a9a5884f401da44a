"""Say what the data should be like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from headrace.core import (
    DataRefused,
    ExpectationChecked,
    Field,
    Frame,
    InvalidCall,
    Processor,
    Run,
    Schema,
    WithErrors,
)
from headrace.frames.expectations import Checked, Expectation, check_all, wrong_rows


class Expect(Processor):
    """Check expectations about the data; stop, route wrong rows, or only report.

    All expectations are checked in one pass over the rows before they go on; a preview only
    routes. The results are kept with the run.
    """

    eager = True
    rejects = True
    keeps_rows = True

    expectations: tuple[Expectation, ...] = Field(
        min_length=1,
        description="What should be true.",
        examples=[
            [
                {"check": "not_null", "columns": ["id", "price"]},
                {"check": "range", "column": "price", "min": 0, "severity": "warning"},
            ]
        ],
    )
    action: Literal["stop", "route", "report"] | None = Field(
        None,
        description="When an expectation of severity `error` is not met: `stop` ends the run, `report` only "
        "says so, `route` does with each wrong row what `on_error` says (`discard` or `route`), and stops "
        "where no row is to blame. Left out: `route` if `on_error` is one of the two, else `stop`.",
    )

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """The input's."""
        return inputs["frame"]

    def readings(self, times: int) -> int:
        """Once to check, and whenever somebody reads the rows."""
        return times + 1

    def transform(self, frame: Frame, run: Run) -> Frame | WithErrors:
        """The same rows; or, where they are routed, the right ones and the wrong ones."""
        action = self._action(run)
        results = [] if run.purpose == "preview" else check_all(frame, self.expectations, run.started)
        for each in results:
            self._report(each, run)
            run.counted(rows_in=each.total_rows)
        failed = [each for each in results if not each.passed and each.expectation.severity == "error"]
        about_rows = [each for each in self.expectations if each.of_rows and each.severity == "error"]
        if action == "route":
            self._stop_for([each for each in failed if not each.expectation.of_rows])
            return WithErrors(*wrong_rows(frame, about_rows))
        if action == "stop":
            self._stop_for(failed)
        return frame

    def _action(self, run: Run) -> str:
        by_rows = run.on_error != "stop"
        if self.action == "route" and not by_rows:
            raise InvalidCall(
                "route-without-on-error",
                "`action: route` needs `on_error: route` or `discard`, which say where rows go.",
                where=run.stage,
            )
        return self.action or ("route" if by_rows else "stop")

    @staticmethod
    def _report(each: Checked, run: Run) -> None:
        title = each.expectation.title
        run.emit(
            ExpectationChecked(
                stage=run.stage,
                expectation=title,
                passed=each.passed,
                failed_rows=each.failed_rows,
                total_rows=each.total_rows,
                detail=each.detail,
            )
        )
        if not each.passed:
            run.log.warning("Expectation %s is not met: %s.", title, each.detail)

    @staticmethod
    def _stop_for(failed: Sequence[Checked]) -> None:
        if failed:
            what = "; ".join(f"{each.expectation.title}: {each.detail}" for each in failed)
            hint = "Mend the data, or set `action: report` or `on_error: route`."
            raise DataRefused("expectation-failed", f"The data is not as expected. {what}.", hint=hint)
