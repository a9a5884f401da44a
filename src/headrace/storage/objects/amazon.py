"""Whose keys sign requests to Amazon S3: the connection's own, or those of Amazon's default chain."""

from __future__ import annotations

import datetime as dt
import os
from functools import cached_property
from importlib.util import find_spec
from typing import Any

from headrace.core import DataRefused, InvalidCall
from headrace.storage.connections import S3Connection

__all__ = ["keys_of"]

FRESH = dt.timedelta(minutes=5)
"""For how long keys that end some day are used before the chain, which renews them, is asked again."""


class _Static:
    """A connection's own key. Given as a provider, it keeps any ``AWS_*`` variable from mixing in."""

    def __init__(self, connection: S3Connection) -> None:
        self._connection = connection

    def __call__(self) -> dict[str, Any]:
        given = self._connection
        token = given.session_token.reveal() if given.session_token else None
        assert given.access_key_id is not None
        assert given.secret_access_key is not None
        return {
            "access_key_id": given.access_key_id,
            "secret_access_key": given.secret_access_key.reveal(),
            "token": token,
            "expires_at": None,
        }


class _Chain:
    """Amazon's own client and its chain: variables, profiles, single sign-on, roles, container, instance."""

    def __init__(self, profile: str | None) -> None:
        self._profile = profile

    @cached_property
    def _credentials(self) -> Any:
        import boto3
        from botocore.exceptions import BotoCoreError

        try:
            return boto3.Session(profile_name=self._profile).get_credentials()
        except BotoCoreError as error:
            raise DataRefused(
                "no-credentials",
                f"Amazon's chain gives no credentials: {error}",
                hint="Look at ~/.aws/config, ~/.aws/credentials and AWS_PROFILE.",
            ) from error

    def check(self) -> None:
        """Raises ``DataRefused`` (``no-credentials``) where the chain ends without any."""
        if self._credentials is None:
            raise DataRefused(
                "no-credentials",
                "Amazon's chain ends without credentials.",
                hint="Give the stage a connection, log in (aws sso login), or set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY.",
            )

    def __call__(self) -> dict[str, Any]:
        found = self._credentials.get_frozen_credentials()
        return {
            "access_key_id": found.access_key,
            "secret_access_key": found.secret_key,
            "token": found.token,
            "expires_at": dt.datetime.now(dt.UTC) + FRESH if found.token else None,
        }


def keys_of(connection: S3Connection | None) -> Any:
    """What obstore asks for keys; ``None``: its own chain, or no keys at all.

    Raises ``InvalidCall`` (``library-not-installed``) when a profile is named that only Amazon's client can
    read, and ``DataRefused`` (``no-credentials``) when its chain has nothing.
    """
    if connection is not None and connection.access_key_id and connection.secret_access_key:
        return _Static(connection)
    unsigned = connection.anonymous if connection else _is_true("AWS_SKIP_SIGNATURE")
    if unsigned:
        return None
    profile = connection.profile if connection else None
    if find_spec("boto3") is None:
        named = profile or os.environ.get("AWS_PROFILE")
        if named:
            raise InvalidCall(
                "library-not-installed",
                f"The profile '{named}' is read by Amazon's own client.",
                hint="Install headrace[aws].",
            )
        return None
    chain = _Chain(profile)
    chain.check()
    return chain


def _is_true(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in ("1", "true", "yes", "on")
