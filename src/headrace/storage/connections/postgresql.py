"""PostgreSQL and servers that speak its protocol."""

from __future__ import annotations

from typing import ClassVar, Literal

from headrace.core import Field, Secret

from .connection import Connection

__all__ = ["PostgresqlConnection"]


class PostgresqlConnection(Connection):
    """A PostgreSQL database. What is not given is looked up as libpq does: `PG*` variables, `~/.pgpass`."""

    secrets: ClassVar[tuple[str, ...]] = ("password",)
    explorer: ClassVar[str | None] = "headrace.storage.databases.explorer:DatabaseExplorer"

    kind: Literal["postgresql"] = "postgresql"
    host: str | None = Field(
        default=None,
        description="The server's name, or the folder of its socket.",
        examples=["db.example.com", "/var/run/postgresql"],
    )
    port: int | None = Field(default=None, ge=1, le=65535, description="Without it, 5432.")
    database: str | None = Field(default=None, description="The database; without it, the user's name.")
    user: str | None = Field(default=None, description="Who logs in.")
    password: Secret | None = Field(default=None, description="The user's password.")
    tls: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = Field(
        default="prefer",
        description="`require` encrypts, `verify-full` also checks who answers (libpq's `sslmode`).",
    )
    ca_file: str | None = Field(default=None, description="Certificates to trust, in PEM (`sslrootcert`).")
    connect_timeout_seconds: int = Field(default=10, ge=2, description="How long connecting may take.")
    retries: int = Field(default=4, ge=0, description="How often connecting is tried again, waiting longer.")
    options: dict[str, str] = Field(
        default={}, description="More of libpq's connection parameters.", examples=[{"sslcert": "me.pem"}]
    )
