"""A small project to build pipelines in."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "headrace.toml").write_text('[project]\nname = "shop"\n')
    (tmp_path / "orders.csv").write_text("id,customer,amount\n1,ada,12.5\n2,grace,\n3,ada,7.25\n4,linus,80\n")
    (tmp_path / "customers.csv").write_text("customer,country\nada,NO\ngrace,SE\n")
    return tmp_path
