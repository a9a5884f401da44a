"""``${secret:NAME}``: looked for at the last moment, in the order that the project says."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from headrace.core import InvalidCall, Issue, Json, Secret

from .problems import show
from .settings import SecretSettings

__all__ = ["SECRET_NAME", "Secrets"]

SECRET_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
PREFIX = "HEADRACE_SECRET_"
SECRETS_FILE = "secrets.toml"
SECRETS_FOLDER = Path(".headrace") / "secrets"
SIZE_LIMIT = 1_000_000
GROUP = "headrace.secrets"
Source = Callable[[str], str | None]
"""What a vault's entry point gives: the secret of that name, or ``None``.

The entry point itself is called as ``open(options, folder, environment)`` with the project's table
``[secrets.<its name>]``, the project's folder and the environment.
"""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of a project in one environment. Each is looked for once."""

    folder: Path
    environment: str | None = None
    settings: SecretSettings = field(default_factory=SecretSettings)
    variables: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    _found: dict[str, Secret] = field(default_factory=dict, repr=False, compare=False)
    _vaults: dict[str, Source] = field(default_factory=dict, repr=False, compare=False)

    def find(self, name: str) -> Secret | None:
        """The secret of that name; ``None`` when no source has it.

        Raises ``InvalidCall`` when a source is not fit to be asked: a file that everybody may read, a vault
        that does not open.
        """
        if not SECRET_NAME.fullmatch(name):
            return None
        if name not in self._found:
            for source in self.settings.order:
                value = self._look_in(source, name)
                if value is not None:
                    self._found[name] = Secret(name, value)
                    break
        return self._found.get(name)

    def seen(self) -> tuple[Secret, ...]:
        """Every secret that has been found so far: what logs have to hide."""
        return tuple(self._found.values())

    def unresolved(self, name: str) -> Issue:
        """The issue of a secret that no source has."""
        if not SECRET_NAME.fullmatch(name):
            message, hint = f"{show(name)} cannot name a secret.", "Use letters, digits, '_', '-' and '.'."
            return Issue("unresolved-secret", message, hint=hint)
        places = {
            "environment": f"the variables {PREFIX}{name} and {name}",
            "file": f"{SECRETS_FILE} and {SECRETS_FOLDER / name}",
            "keyring": "the keyring"
            if _keyring()
            else "the keyring (the package 'keyring' is not installed)",
        }
        looked = ", ".join(places.get(source, f"'{source}'") for source in self.settings.order)
        return Issue("unresolved-secret", f"No secret {show(name)}.", hint=f"Looked in {looked}.")

    def _look_in(self, source: str, name: str) -> str | None:
        if source == "environment":
            return self.variables.get(PREFIX + name) or self.variables.get(name) or None
        if source == "file":
            return self._from_folder(name) or self._from_file(name)
        if source == "keyring":
            keyring = _keyring()
            return keyring(name) if keyring else None
        return self._vault(source)(name)

    def _from_folder(self, name: str) -> str | None:
        places = [self.folder / SECRETS_FOLDER / name]
        if self.environment is not None:
            places.insert(0, self.folder / SECRETS_FOLDER / self.environment / name)
        for path in places:
            if path.is_file():
                return _read_private(path).rstrip("\r\n")
        return None

    def _from_file(self, name: str) -> str | None:
        path = self.folder / SECRETS_FILE
        if not path.is_file():
            return None
        try:
            plain = tomllib.loads(_read_private(path))
        except tomllib.TOMLDecodeError as error:
            place = str(error).partition("(")[2].rstrip(")") or "somewhere"
            raise InvalidCall("invalid-secrets-file", f"{SECRETS_FILE} is not TOML ({place}).") from None
        overlay = plain.get(self.environment) if self.environment is not None else None
        for table in (overlay, plain):
            value: Json = table.get(name) if isinstance(table, dict) else None
            if isinstance(value, str):
                return value
        return None

    def _vault(self, source: str) -> Source:
        if source not in self._vaults:
            from importlib.metadata import entry_points

            entry = next(iter(entry_points(group=GROUP, name=source)))
            options = self.settings.options.get(source, {})
            try:
                self._vaults[source] = entry.load()(options, self.folder, self.environment)
            except Exception as error:
                message = f"The vault '{source}' did not open: {type(error).__name__}."
                raise InvalidCall("vault-not-open", message, where=f"[secrets.{source}]") from error
        return self._vaults[source]


def _read_private(path: Path) -> str:
    """A file's text. Raises ``InvalidCall`` when anybody on this machine may read it."""
    if os.name == "posix" and path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        raise InvalidCall(
            "secrets-file-open",
            f"Everybody on this machine may read {show(path.name)}.",
            where=str(path),
            hint=f"Run: chmod 600 {path}",
        )
    try:
        with path.open("rb") as file:
            return file.read(SIZE_LIMIT).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidCall(
            "invalid-secrets-file", f"{show(path.name)} cannot be read: {reason}.", where=str(path)
        ) from None


def _keyring() -> Source | None:
    """The system's keyring, service ``headrace``; ``None`` without the package ``keyring``."""
    try:
        import keyring  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None

    def look_up(name: str) -> str | None:
        try:
            value: str | None = keyring.get_password("headrace", name)
        except keyring.errors.KeyringError:
            return None
        return value

    return look_up
