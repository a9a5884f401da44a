"""A schema registry, by the REST API that Confluent's has and others offer, too."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from headrace.core import DataRefused, InvalidCall, Secret, Unavailable
from headrace.storage.connections import KafkaConnection

__all__ = ["Registry"]

TYPE = "application/vnd.schemaregistry.v1+json"


@dataclass(frozen=True)
class Registry:
    """Avro schemas by number and by subject. Picklable, the password inside, and never becomes text."""

    url: str
    user: str | None = None
    password: Secret | None = None
    ca_file: str | None = None
    timeout: float = 15.0

    @classmethod
    def of(cls, connection: KafkaConnection, folder: Path) -> Registry:
        """The registry of a connection; raises ``InvalidCall`` (``no-registry``) when it names none."""
        if connection.registry_url is None:
            raise InvalidCall(
                "no-registry",
                "Avro values need a schema, and the connection names no registry.",
                hint="Set `registry_url` on the connection, or `avro_schema` on the stage.",
            )
        return cls(
            connection.registry_url.rstrip("/"),
            connection.registry_user,
            connection.registry_password,
            str(folder / connection.ca_file) if connection.ca_file else None,
            connection.timeout_seconds,
        )

    def by_number(self, number: int) -> str:
        """The schema that has a number; asked for once per process."""
        return _by_number(self, number)

    def latest(self, subject: str) -> str:
        """The newest schema of a subject; raises ``DataRefused`` (``schema-not-registered``)."""
        return _avro(
            self._ask(f"/subjects/{quote(subject, safe='')}/versions/latest", f"subject '{subject}'")
        )

    def register(self, subject: str, schema: dict[str, Any]) -> int:
        """The number of a schema, which is added to the subject if it is not there."""
        told = self._ask(
            f"/subjects/{quote(subject, safe='')}/versions",
            f"subject '{subject}'",
            {"schema": json.dumps(schema)},
        )
        return int(told["id"])

    def _ask(self, path: str, what: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Accept": TYPE, "Content-Type": TYPE}
        if self.user is not None:
            word = f"{self.user}:{self.password.reveal() if self.password else ''}"
            headers["Authorization"] = f"Basic {base64.b64encode(word.encode()).decode()}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers)  # noqa: S310 - as configured
        context = ssl.create_default_context(cafile=self.ca_file) if self.url.startswith("https") else None
        try:
            with urllib.request.urlopen(request, timeout=self.timeout, context=context) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise self._refused(error, what) from None
        except (OSError, ValueError) as error:
            raise Unavailable(
                "registry-unavailable",
                f"The schema registry at {self.url} did not answer for {what}.",
                hint="Is it up, and is `registry_url` right? Running again may help.",
            ) from error

    def _refused(self, error: urllib.error.HTTPError, what: str) -> Exception:
        with error:
            told = error.read(2000).decode(errors="replace")
        if error.code in (401, 403):
            return DataRefused(
                "access-denied",
                f"The schema registry at {self.url} refuses access to {what}.",
                hint="Check `registry_user` and `registry_password` of the connection.",
            )
        if error.code == 404:
            return DataRefused(
                "schema-not-registered",
                f"The schema registry at {self.url} has no {what}.",
                hint="Register the schema, or give `avro_schema` in the stage.",
            )
        if error.code >= 500 or error.code == 429:
            return Unavailable(
                "registry-unavailable", f"The schema registry at {self.url} answers {error.code}."
            )
        return DataRefused(
            "schema-refused",
            f"The schema registry at {self.url} refuses {what}: {told[:500]}",
            hint="The rows have other columns than the subject's schemas allow.",
        )


@lru_cache(maxsize=1024)
def _by_number(registry: Registry, number: int) -> str:
    return _avro(registry._ask(f"/schemas/ids/{number}", f"schema {number}"))


def _avro(told: Any) -> str:
    """The schema's text; raises ``DataRefused`` (``bad-avro-schema``) for one of another kind."""
    if told.get("schemaType", "AVRO") != "AVRO" or told.get("references"):
        raise DataRefused(
            "bad-avro-schema",
            "The registry has a schema there that is not Avro, or refers to others.",
            hint="Only Avro schemas that are whole can be read; `avro_schema` in the stage may give one.",
        )
    return str(told["schema"])
