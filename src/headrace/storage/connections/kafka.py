"""Apache Kafka and servers that speak its protocol."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from headrace.core import Field, Secret

from .connection import Connection

__all__ = ["KafkaConnection"]


class KafkaConnection(Connection):
    """A Kafka cluster, and the registry that keeps its schemas."""

    secrets: ClassVar[tuple[str, ...]] = ("password", "key_password", "registry_password")
    explorer: ClassVar[str | None] = "headrace.storage.kafka:KafkaExplorer"

    kind: Literal["kafka"] = "kafka"
    servers: str | tuple[str, ...] = Field(
        description="Brokers to begin with; they tell of the others.",
        examples=["kafka-1.example.com:9092,kafka-2.example.com:9092"],
    )
    security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] | None = Field(
        default=None, description="Without it: `sasl_ssl` with a user, `plaintext` without one."
    )
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI", "OAUTHBEARER"] = Field(
        default="PLAIN", description="How a user proves who it is (SASL)."
    )
    user: str | None = Field(default=None, description="The user's name (SASL).")
    password: Secret | None = Field(default=None, description="The user's password (SASL).")
    ca_file: str | None = Field(
        default=None, description="Certificates to trust; without it, the system's own."
    )
    certificate_file: str | None = Field(default=None, description="The client's own certificate.")
    key_file: str | None = Field(default=None, description="The key of the client's own certificate.")
    key_password: Secret | None = Field(default=None, description="What the key is encrypted with.")
    timeout_seconds: float = Field(
        default=15.0, gt=0, description="How long to wait for an answer before giving up."
    )
    registry_url: str | None = Field(
        default=None,
        description="The schema registry's address.",
        examples=["https://registry.example.com:8081"],
    )
    registry_user: str | None = Field(default=None, description="The registry's user.")
    registry_password: Secret | None = Field(default=None, description="The registry user's password.")
    properties: dict[str, str | int | float | bool | Secret] = Field(
        default_factory=dict,
        description="Further properties of librdkafka, for every client.",
        examples=[{"client.id": "headrace"}],
    )

    @model_validator(mode="after")
    def _whole(self) -> KafkaConnection:
        if (self.user is None) != (self.password is None) and self.mechanism in ("PLAIN", "SCRAM-SHA-256"):
            raise ValueError("user and password go together")
        return self

    @property
    def address(self) -> str:
        """The servers in one text."""
        return self.servers if isinstance(self.servers, str) else ",".join(self.servers)
