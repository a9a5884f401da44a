"""A lake: tables in layers below one location."""

from __future__ import annotations

from typing import ClassVar, Literal

from headrace.core import Field, Secret

from .connection import Connection

__all__ = ["LakeConnection"]


class LakeConnection(Connection):
    """Tables in layers below one location; stages name them `lake.layer.table`."""

    secrets: ClassVar[tuple[str, ...]] = ("client_secret", "token")
    explorer: ClassVar[str | None] = "headrace.storage.lakes:LakeExplorer"

    kind: Literal["lake"] = "lake"
    format: Literal["delta", "iceberg"] = Field(default="delta", description="How tables are kept.")
    location: str = Field(
        description="The folder or the place in a bucket that everything is below.",
        examples=["s3://company-lake/sales"],
    )
    store: str | None = Field(
        default=None,
        description="The connection with the credentials of that place; without it, the default chain.",
    )
    layers: tuple[str, ...] = Field(
        default=(),
        description="The layers there are; without any, every name is one.",
        examples=[["raw", "refined", "curated"]],
    )
    catalog: str | None = Field(
        default=None,
        description="Iceberg: the address of a REST catalog, or a SQLite file (relative to the project). "
        "Without it, `catalog.db` in a lake on this machine.",
        examples=["https://catalog.example.com/iceberg"],
    )
    warehouse: str | None = Field(
        default=None, description="Iceberg: the warehouse's name, where a REST catalog wants one."
    )
    client_id: str | None = Field(default=None, description="Iceberg: who asks the REST catalog (OAuth).")
    client_secret: Secret | None = Field(default=None, description="Iceberg: that client's secret.")
    token_url: str | None = Field(
        default=None,
        description="Iceberg: where that client gets its token; without it, `v1/oauth/tokens` there.",
    )
    token: Secret | None = Field(default=None, description="Iceberg: a bearer token, instead of a client.")
