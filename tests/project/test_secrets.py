"""A secret is looked for where the project says, and never shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headrace.core import InvalidCall
from headrace.project.secrets import Secrets
from headrace.project.settings import SecretSettings

CANARY = "canary-5f2c"


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def found(secrets: Secrets, name: str = "TOKEN") -> str | None:
    secret = secrets.find(name)
    return None if secret is None else secret.reveal()


def test_the_environment_is_asked_with_the_prefix_first(tmp_path: Path) -> None:
    assert found(Secrets(tmp_path, variables={"TOKEN": "plain", "HEADRACE_SECRET_TOKEN": CANARY})) == CANARY
    assert found(Secrets(tmp_path, variables={"TOKEN": CANARY})) == CANARY
    assert found(Secrets(tmp_path, variables={"TOKEN": ""})) is None


def test_files_are_asked_for_the_environment_first(tmp_path: Path) -> None:
    write(tmp_path / "secrets.toml", 'TOKEN = "a"\nOTHER = "o"\n[prod]\nTOKEN = "b"\n')
    assert found(Secrets(tmp_path, variables={})) == "a"
    assert found(Secrets(tmp_path, "prod", variables={})) == "b"
    assert found(Secrets(tmp_path, "prod", variables={}), "OTHER") == "o"
    write(tmp_path / ".headrace/secrets/TOKEN", "c\n")
    assert found(Secrets(tmp_path, "prod", variables={})) == "c"
    write(tmp_path / ".headrace/secrets/prod/TOKEN", "d\n")
    assert found(Secrets(tmp_path, "prod", variables={})) == "d"


def test_the_project_chooses_the_order(tmp_path: Path) -> None:
    write(tmp_path / "secrets.toml", 'TOKEN = "file"\n')
    variables = {"TOKEN": "environment"}
    assert found(Secrets(tmp_path, None, SecretSettings(order=("file", "environment")), variables)) == "file"
    assert found(Secrets(tmp_path, None, SecretSettings(order=("environment",)), variables)) == "environment"
    assert found(Secrets(tmp_path, None, SecretSettings(order=()), variables)) is None


@pytest.mark.parametrize("name", ["secrets.toml", ".headrace/secrets/TOKEN"])
def test_a_file_that_everybody_may_read_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, f'TOKEN = "{CANARY}"', 0o644)
    with pytest.raises(InvalidCall) as caught:
        Secrets(tmp_path, variables={}).find("TOKEN")
    assert caught.value.code == "secrets-file-open"
    assert caught.value.hint == f"Run: chmod 600 {tmp_path / name}"
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("text", [f"TOKEN = {CANARY}", "\udcff"])
def test_a_damaged_secrets_file_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    path.chmod(0o600)
    with pytest.raises(InvalidCall) as caught:
        Secrets(tmp_path, variables={}).find("TOKEN")
    assert caught.value.code == "invalid-secrets-file"
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", ".hidden", "a\nb"])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    secrets = Secrets(tmp_path, variables={name: "x"})
    assert secrets.find(name) is None
    assert secrets.unresolved(name).code == "unresolved-secret"


def test_an_unresolved_secret_says_where_it_was_looked_for(tmp_path: Path) -> None:
    issue = Secrets(tmp_path, None, SecretSettings(order=("environment", "file")), {}).unresolved("TOKEN")
    assert issue.code == "unresolved-secret"
    assert issue.message == "No secret 'TOKEN'."
    assert issue.hint == (
        "Looked in the variables HEADRACE_SECRET_TOKEN and TOKEN, secrets.toml and .headrace/secrets/TOKEN."
    )


def test_what_has_been_found_is_known_so_that_logs_can_hide_it(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path, variables={"A": CANARY})
    secrets.find("A")
    secrets.find("B")
    assert [each.reveal() for each in secrets.seen()] == [CANARY]
    assert CANARY not in repr(secrets)


def test_the_keyring_is_asked_when_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class KeyringError(Exception):
        pass

    def get_password(service: str, name: str) -> str | None:
        if name == "LOCKED":
            raise KeyringError
        return CANARY if (service, name) == ("headrace", "TOKEN") else None

    module = SimpleNamespace(get_password=get_password, errors=SimpleNamespace(KeyringError=KeyringError))
    monkeypatch.setitem(sys.modules, "keyring", module)
    secrets = Secrets(tmp_path, variables={})
    assert found(secrets) == CANARY
    assert found(secrets, "LOCKED") is None
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert found(Secrets(tmp_path, variables={})) is None


def open_vault(
    options: Mapping[str, Any], folder: Path, environment: str | None
) -> Callable[[str], str | None]:
    if "url" not in options:
        raise RuntimeError(CANARY)
    return lambda name: f"{options['url']} {environment} {name}" if name == "TOKEN" else None


def test_a_vault_joins_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("myvault", "vault:open", "headrace.secrets")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: [entry])
    monkeypatch.setattr(EntryPoint, "load", lambda _self: open_vault)
    settings = SecretSettings(order=("myvault",), options={"myvault": {"url": "v"}})
    assert found(Secrets(tmp_path, "prod", settings, {})) == "v prod TOKEN"
    with pytest.raises(InvalidCall) as caught:
        Secrets(tmp_path, None, SecretSettings(order=("myvault",)), {}).find("TOKEN")
    assert caught.value.code == "vault-not-open"
    assert CANARY not in str(caught.value)


def test_the_keyring_itself_is_asked(tmp_path: Path) -> None:
    keyring = pytest.importorskip("keyring", reason="headrace[keyring] is not installed")
    from keyring.backend import KeyringBackend

    class Drawer(KeyringBackend):  # type: ignore[misc]
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return CANARY if (service, username) == ("headrace", "TOKEN") else None

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(Drawer())
    try:
        assert found(Secrets(tmp_path, variables={})) == CANARY
        assert found(Secrets(tmp_path, variables={}), "NONE") is None
    finally:
        keyring.set_keyring(before)
