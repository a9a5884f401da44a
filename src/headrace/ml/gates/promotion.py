"""A promotion: decided when the gate is reached, done after every destination, decided again if need be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from headrace.core import DataRefused, Json, PromotionDecided, Staged
from headrace.ml.spark.scoring import spark_metrics
from headrace.ml.tracking.helper import Helper, helper_for
from headrace.ml.tracking.holdouts import find_holdout
from headrace.ml.tracking.records import Candidate, HoldoutData, Scored

from .gate import Gate, Overlap, Verdict, gate_names

if TYPE_CHECKING:
    from headrace.core import Frame, Run
    from headrace.storage.state import Promotion, State

__all__ = ["StagedPromotion", "stage_promotion"]

NO_HOLDOUT = "the candidate's holdout is no longer at hand; run the pipeline again to decide anew"


@dataclass(frozen=True, slots=True)
class Question:
    """A candidate, its gate, and the holdout that it was checked on."""

    candidate: Candidate
    gate: Gate
    holdout: HoldoutData | None


def stage_promotion(gate: Gate, frame: Frame, run: Run) -> StagedPromotion:
    """Asks the gate about the training that ``frame`` has one row about."""
    candidate = _candidate(frame)
    question = Question(candidate, gate, find_holdout(run, candidate.tracking_run))
    helper = helper_for(run.folder, run.tracking)
    production: int | None = helper.call("production_version", candidate.model)
    verdict = decide(question, production, helper, run)
    run.log.info("%s version %s: %s", candidate.model, candidate.version, verdict.reason)
    return StagedPromotion(question, verdict, production, run)


def decide(question: Question, production: int | None, helper: Helper, run: Run) -> Verdict:
    """The verdict while ``production`` is the production version."""
    mine, gate = question.candidate, question.gate
    if production == mine.version:
        return Verdict(False, f"Kept: version {mine.version} is in production already.", {})
    if production is None or not (gate.asks_production or gate.strict_holdout):
        return gate.decide(mine.metrics, None if production is None else {})
    if question.holdout is None:
        overlap = Overlap(None, 0, NO_HOLDOUT)
        return _with_version(gate.decide(mine.metrics, {}, overlap), production)
    scored: Scored = helper.call("score_version", mine.model, production, question.holdout)
    if scored.needs_spark and run.engine == "spark":
        fetched = helper.call(
            "fetch_version", mine.model, f"version:{production}", str(run.scratch / "model")
        )
        metrics = spark_metrics(Path(fetched.folder), question.holdout, run.session)
        scored = replace(scored, metrics=metrics, why="")
    overlap = Overlap(scored.overlap, scored.rows, scored.why)
    verdict = gate.decide(mine.metrics, scored.metrics, overlap)
    if not scored.metrics and scored.why:
        verdict = replace(verdict, reason=f"{verdict.reason} Note: {scored.why}.")
    return _with_version(verdict, production)


def _with_version(verdict: Verdict, production: int) -> Verdict:
    return replace(verdict, inputs={**verdict.inputs, "production.version": production})


@dataclass(frozen=True)
class StagedPromotion(Staged):
    """A decision that waits for the destinations. Safe to publish and undo again."""

    question: Question
    verdict: Verdict
    production: int | None
    run: Run
    phase: ClassVar[Literal["data", "promotion"]] = "promotion"

    def intent(self) -> dict[str, Json]:
        """The question and the answer to it."""
        return {
            "question": asdict(self.question),
            "verdict": asdict(self.verdict),
            "production": self.production,
        }

    @classmethod
    def restore(cls, intent: Mapping[str, Json], run: Run) -> Self:
        """The same decision in another process."""
        asked = intent["question"]
        holdout = HoldoutData(**asked["holdout"]) if asked["holdout"] else None
        question = Question(Candidate(**asked["candidate"]), Gate(**asked["gate"]), holdout)
        return cls(question, Verdict(**intent["verdict"]), intent["production"], run)

    def publish(self) -> None:
        """Promotes or keeps, and writes it down: in the log, on the version, in its run."""
        mine = self.question.candidate
        with self._locked() as state:
            done = self._logged(state)
            verdict, before = (self.verdict, self.production) if done else self._decided_now()
            decision: Literal["promoted", "kept"] = "promoted" if verdict.promote else "kept"
            if done is None:
                done = self._write_down(state, verdict, before, decision)
        after = mine.version if done.decision == "promoted" else done.previous
        self.run.emit(
            PromotionDecided(
                stage=self.run.stage,
                model=mine.model,
                version=mine.version,
                decision=done.decision,
                when=done.condition or "",
                inputs=done.inputs,
                reason=done.reason,
                production=after,
            )
        )

    def _decided_now(self) -> tuple[Verdict, int | None]:
        """The verdict, asked for again when production is not what it was."""
        helper = self._helper
        current: int | None = helper.call("production_version", self.question.candidate.model)
        if current in (self.production, self.question.candidate.version):
            return self.verdict, self.production
        self.run.log.info(
            "production changed from %s to %s meanwhile: asking again", self.production, current
        )
        question = self.question
        if question.holdout is not None and not question.holdout.there:
            question = replace(question, holdout=None)
        return decide(question, current, helper, self.run), current

    def _write_down(
        self, state: State, verdict: Verdict, before: int | None, decision: Literal["promoted", "kept"]
    ) -> Promotion:
        mine, helper = self.question.candidate, self._helper
        if verdict.promote:
            helper.call("promote_version", mine.model, mine.version)
        condition = _condition(self.question.gate)
        told: dict[str, Json] = {
            "decision": decision,
            "when": condition,
            "reason": verdict.reason,
            "inputs": verdict.inputs,
        }
        told |= {"production_before": before, "decided_by": f"run {self.run.id}"}
        helper.call("record_decision", mine.model, mine.version, mine.tracking_run, told)
        return state.promotions.append(
            self._identity,
            kind="promotion",
            model=mine.model,
            version=mine.version,
            decision=decision,
            previous=before,
            reason=verdict.reason,
            condition=condition,
            inputs=verdict.inputs,
            actor="gate",
            run_id=self.run.id,
        )

    def undo(self) -> None:
        """Puts back what was in production, if this promotion had been done."""
        mine = self.question.candidate
        with self._locked() as state:
            done = self._logged(state)
            if done is not None and done.decision == "kept":
                return
            before = done.previous if done else self.production
            if not self.verdict.promote and done is None:
                return
            self._helper.call("restore_production", mine.model, mine.version, before)
            if done is not None:
                state.promotions.append(
                    f"{self._identity}:undone",
                    kind="rollback",
                    model=mine.model,
                    version=before if before is not None else mine.version,
                    decision="promoted" if before is not None else "kept",
                    previous=mine.version,
                    reason="The run could not be published whole, so its promotion was taken back.",
                    actor="gate",
                    run_id=self.run.id,
                )

    @contextmanager
    def _locked(self) -> Iterator[State]:
        from headrace.storage.state import open_state

        run = self.run
        with (
            open_state(run.folder, project=run.project, environment=run.environment) as state,
            state.model_lock(self.question.candidate.model),
        ):
            yield state

    def _logged(self, state: State) -> Promotion | None:
        mine = self.question.candidate
        same = (
            each
            for each in state.promotions.history(mine.model)
            if each.run_id == self.run.id and each.version == mine.version and each.kind == "promotion"
        )
        return next(same, None)

    @property
    def _helper(self) -> Helper:
        return helper_for(self.run.folder, self.run.tracking)

    @property
    def _identity(self) -> str:
        return f"{self.run.id}:{self.run.stage}"


def _condition(gate: Gate) -> str:
    asked = [gate.when] if gate.when else []
    asked += [f"{metric} better by {by}" for metric, by in gate.min_improvement.items()]
    return " and ".join(f"({each})" for each in asked) if len(asked) > 1 else "".join(asked)


def _candidate(frame: Frame) -> Candidate:
    rows: list[dict[str, Any]] = frame.limit(2).toArrow().to_pylist()
    if len(rows) != 1:
        found = "several rows" if rows else "no row"
        raise DataRefused(
            "not-one-candidate",
            f"A gate decides about one model version; its input has {found}.",
            hint="Connect it with an ml.train_model or ml.train_code.",
        )
    row = rows[0]
    if row.get("model") is None or row.get("version") is None:
        raise DataRefused(
            "model-not-registered",
            "The training did not register its model, so there is nothing to promote.",
            hint="Set 'register_as' where it is trained.",
        )
    values = {name: _number(value) for name, value in row.items() if isinstance(value, int | float)}
    names = dict(zip(values, _own_names(values), strict=True))
    metrics = {names[column]: value for column, value in values.items() if column != "version"}
    return Candidate(row["model"], int(row["version"]), row["tracking_run"], metrics)


def _own_names(columns: Mapping[str, Any]) -> list[str]:
    return [name for name in gate_names(columns) if not name.startswith("production.")]


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
