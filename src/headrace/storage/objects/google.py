"""A bucket of Google Cloud Storage.

Listing and reading go through obstore like everywhere, changes through Google's own client: its uploads,
copies and deletions speak the API that an emulator can check, and one credential serves both.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from headrace.core import DataRefused, InvalidCall
from headrace.storage.connections import GcsConnection

from .failures import Words, is_distrust
from .remote import PART, RemoteStore, UploadWriter
from .retrying import created
from .session import adapter
from .store import ObjectInfo, ObjectWriter

if TYPE_CHECKING:
    from obstore.store import GCSStore

__all__ = ["GoogleBucket"]

SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


class _Tokens:
    """Hands the credentials' token to obstore, a fresh one when it is about to end."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def __call__(self) -> dict[str, Any]:
        from google.auth.transport.requests import Request

        if not self._credentials.valid:
            self._credentials.refresh(Request())
        expiry = self._credentials.expiry
        return {
            "token": self._credentials.token,
            "expires_at": expiry.replace(tzinfo=dt.UTC) if expiry is not None else None,
        }


class GoogleBucket(RemoteStore):
    """Keys are the objects' names; locations are ``gs://bucket/key``."""

    schemes: ClassVar[tuple[str, ...]] = ("gs", "gcs")
    words: ClassVar[Words] = Words(
        keys="service_account_key or other credentials", variables="GOOGLE_APPLICATION_CREDENTIALS"
    )
    connection: GcsConnection | None

    opened: ClassVar[tuple[str, ...]] = (*RemoteStore.opened, "_client", "_credentials")

    @property
    def endpoint(self) -> str:
        """The connection's, or Google's own."""
        return (self.connection and self.connection.endpoint) or "https://storage.googleapis.com"

    @cached_property
    def _credentials(self) -> Any:
        try:
            return _credentials(self.connection or GcsConnection())
        except ValueError as error:
            raise InvalidCall(
                "invalid-value",
                "The service_account_key is not the JSON text of a service account's key.",
                where="service_account_key",
            ) from error
        except Exception as error:
            self._raise(error, "")

    def _open(self, options: dict[str, Any]) -> GCSStore:
        from obstore.store import GCSStore

        _library()
        anonymous = self.connection is not None and self.connection.anonymous
        tokens: Any = None if anonymous else _Tokens(self._credentials)
        return GCSStore(
            self.bucket,
            config={"base_url": self.endpoint, "skip_signature": anonymous},
            credential_provider=tokens,
            **options,
        )

    @cached_property
    def _client(self) -> Any:
        storage = _library()
        from google.auth.transport.requests import AuthorizedSession

        given = self.connection or GcsConnection()
        session = AuthorizedSession(self._credentials)
        if given.proxy is not None:
            session.proxies = {"http": given.proxy.reveal(), "https": given.proxy.reveal()}
        if self.roots is not None:
            session.mount("https://", adapter(self.roots))
        project = given.project or getattr(self._credentials, "project_id", None) or "none"
        return storage.Client(
            project=project,
            credentials=self._credentials,
            client_options={"api_endpoint": self.endpoint},
            _http=session,
        )

    @property
    def _patience(self) -> dict[str, Any]:
        """For one request: how long it may take, and what is worth another try."""
        from google.cloud.storage.retry import DEFAULT_RETRY

        given = self.connection or GcsConnection()
        left = given.retries

        def worth(error: BaseException) -> bool:
            nonlocal left
            left -= 1
            return left >= 0 and not is_distrust(error) and bool(DEFAULT_RETRY._predicate(error))

        retry = DEFAULT_RETRY.with_timeout(given.retry_seconds).with_predicate(worth)
        return {"timeout": (given.connect_timeout_seconds, given.timeout_seconds), "retry": retry}

    def many_requests(self) -> Any:
        """What is worth another try in an upload of many parts: each has its own time."""
        from google.cloud.storage.retry import DEFAULT_RETRY

        given = self.connection or GcsConnection()
        return DEFAULT_RETRY.with_timeout(given.retry_seconds) if given.retries else None

    def _blob(self, key: str) -> Any:
        return self._client.bucket(self.bucket).blob(key)

    def _raise(self, error: BaseException, key: str) -> NoReturn:
        from google.api_core import exceptions as kinds
        from google.auth.exceptions import DefaultCredentialsError, RefreshError

        if isinstance(error, DefaultCredentialsError | RefreshError):
            raise DataRefused(
                "no-credentials",
                f"There are no credentials for '{self.location(key)}' that work.",
                hint=f"Give the stage a connection, or set {self.words.variables}.",
            ) from error
        if isinstance(error, kinds.Forbidden | kinds.Unauthorized):
            error = PermissionError("403 Forbidden")
        elif isinstance(error, kinds.NotFound):
            error = FileNotFoundError("NoSuchBucket" if "bucket" in str(error.message).lower() else key)
        super()._raise(error, key)

    def _info(self, meta: Any) -> ObjectInfo:
        # A listing has no version: without it here, both give the same mark.
        return super()._info({**meta, "version": None})

    def write(self, key: str, data: bytes, *, create_only: bool = False) -> None:
        """One upload; with ``create_only`` on the condition that there is no generation yet."""
        if create_only:
            created(lambda: self._create(key, data), lambda: self.read(key), data, self.connection)
            return
        try:
            self._blob(key).upload_from_string(data, **self._patience)
        except Exception as error:
            self._raise(error, key)

    def _create(self, key: str, data: bytes) -> None:
        from google.api_core.exceptions import PreconditionFailed

        once = {**self._patience, "retry": None}
        try:
            self._blob(key).upload_from_string(data, if_generation_match=0, **once)
        except PreconditionFailed as error:
            raise FileExistsError(self.location(key)) from error
        except Exception as error:
            self._raise(error, key)

    def writer(self, key: str) -> ObjectWriter:
        """A resumable upload, completed when closed."""
        patience = {**self._patience, "retry": self.many_requests()}
        file = self._blob(key).open("wb", chunk_size=PART, ignore_flush=True, **patience)
        return _GoogleWriter(self, key, file)

    def delete(self, keys: Iterable[str]) -> None:
        """One request each, over one connection."""
        from google.api_core.exceptions import NotFound

        for key in keys:
            try:
                self._blob(key).delete(**self._patience)
            except NotFound:
                continue
            except Exception as error:
                self._raise(error, key)

    def move(self, source: str, target: str) -> None:
        """A copy on the server; the source is removed with the staging folder."""
        from google.api_core.exceptions import NotFound

        try:
            blob, wanted = self._blob(source), self._blob(target)
            token, _, _ = wanted.rewrite(blob, **self._patience)
            while token is not None:
                token, _, _ = wanted.rewrite(blob, token=token, **self._patience)
        except Exception as error:
            if isinstance(error, NotFound) and self.stat(target) is not None:
                return
            self._raise(error, source)

    def bucket_names(self) -> list[str]:
        """The buckets of the project."""
        try:
            return sorted(each.name for each in self._client.list_buckets(**self._patience))
        except Exception as error:
            self._raise(error, "")

    def create(self) -> None:
        """Makes the bucket; one that is ours already is fine."""
        from google.api_core.exceptions import Conflict

        with contextlib.suppress(Conflict):
            self._client.create_bucket(self.bucket, **self._patience)


class _GoogleWriter(UploadWriter):
    """An upload never completed shows nothing and costs nothing."""

    def abort(self) -> None:
        """Ends the upload without completing it."""
        self.closed = True
        with contextlib.suppress(Exception):
            self._file.terminate()


def _library() -> Any:
    try:
        from google.cloud import storage
    except ImportError:
        raise InvalidCall(
            "library-not-installed",
            "Google Cloud Storage needs Google's own client.",
            hint="Install headrace[gcs].",
        ) from None
    return storage


def _credentials(given: GcsConnection) -> Any:
    """From the connection alone where it has any; else Google's default chain."""
    _library()
    if given.anonymous:
        from google.auth.credentials import AnonymousCredentials

        return AnonymousCredentials()
    if given.token is not None:
        from google.oauth2.credentials import Credentials

        return Credentials(given.token.reveal())
    if given.service_account_key is not None:
        from google.oauth2 import service_account

        key = json.loads(given.service_account_key.reveal())
        return service_account.Credentials.from_service_account_info(key, scopes=[SCOPE])
    import google.auth

    return google.auth.default(scopes=[SCOPE])[0]
