"""One real MLflow store and one tracker process for all tests of this room."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from headrace.core import TrackingSettings
from headrace.ml.tracking.helper import Helper, helper_for
from headrace.testing import StageRun

NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Home:
    """A project without a file."""

    folder: Path
    name: str = "test"
    environment: str | None = None
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    @property
    def helper(self) -> Helper:
        return helper_for(self.folder, self.tracking)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    place = Home(tmp_path_factory.mktemp("models"))
    yield place
    place.helper.close()


@pytest.fixture
def new_run(home: Home, session: SparkSession) -> Callable[..., StageRun]:
    """A run's view for a stage; every test has runs of its own."""
    default = f"run-{next(NUMBERS)}"

    def make(stage: str = "train", run: str = default, **more: Any) -> StageRun:
        return StageRun(more.pop("session", session), home.folder, stage=stage, id=run, **more)

    return make


@pytest.fixture
def model_name(request: pytest.FixtureRequest) -> str:
    """A model of the test's own, in the store that all share."""
    return f"m{next(NUMBERS)}"


def house_rows(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Houses with every kind of column: numbers, text, booleans, dates, gaps."""
    source = np.random.default_rng(seed)
    area = source.uniform(40, 200, rows).round(1)
    town = source.choice(["Bern", "Basel", "Biel"], rows)
    price = area * 3000 + np.where(town == "Bern", 90_000, 0) + source.normal(0, 5000, rows)
    frame = pd.DataFrame(
        {
            "area": area,
            "rooms": source.integers(1, 7, rows),
            "floor": pd.array(source.integers(0, 9, rows), "Int64"),
            "town": town,
            "garden": source.random(rows) < 0.3,
            "built": pd.to_datetime("1950-01-01") + pd.to_timedelta(source.integers(0, 25_000, rows), "D"),
            "price": price.round(0),
        }
    )
    frame.loc[::11, "town"] = None
    frame.loc[::13, "area"] = None
    frame.loc[::7, "floor"] = pd.NA
    return frame


SCHEMA = "area double, rooms bigint, floor bigint, town string, garden boolean, built timestamp, price double"


@pytest.fixture(scope="session")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The houses as a Parquet file that both engines read."""
    path = tmp_path_factory.mktemp("data") / "houses.parquet"
    house_rows().to_parquet(path, coerce_timestamps="us")
    return path


@pytest.fixture
def frame(session: SparkSession, houses: Path) -> DataFrame:
    return session.read.parquet(str(houses))
