"""What obstore has no call for: which buckets there are, and making one.

S3 requests are signed by obstore, so that every credential of the default chain serves. Azure's are signed
with the account's key ("Shared Key", learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key)
or carry the shared access signature.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import html
import re
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from headrace.core import DataRefused, InvalidCall, Unavailable
from headrace.storage.connections import AzureConnection, GcsConnection, NetworkConnection, S3Connection

from .azure import Container
from .bucket import Bucket, service_store
from .failures import is_distrust, raise_remote, untrusted
from .google import GoogleBucket
from .network import NetworkStore

__all__ = ["bucket_names", "create_bucket"]

AZURE_VERSION = "2021-08-06"


def bucket_names(store: NetworkStore) -> list[str]:
    """The buckets or containers of the store's server that its credentials may see, sorted.

    ``store`` may be opened on any bucket. Raises ``DataRefused``, ``Unavailable``, and ``InvalidCall``
    (``cannot-browse``) where only one whose name is known can be asked.
    """
    given = store.connection
    if isinstance(store, GoogleBucket):
        return store.bucket_names()
    if isinstance(store, Bucket) and isinstance(given, S3Connection):
        url = _signed_s3("GET", "", store, given)
        found = re.findall(r"<Bucket>.*?<Name>(.*?)</Name>", _answer("GET", url, store), re.DOTALL)
    elif isinstance(given, AzureConnection) and (given.account_key or given.sas_token):
        url = f"{store.endpoint.rstrip('/')}/"
        headers = _azure_headers("GET", url, "comp=list", given)
        url = _with_sas(f"{url}?comp=list", given)
        answer = _answer("GET", url, store, headers)
        found = re.findall(r"<Container><Name>(.*?)</Name>", answer)
    else:
        raise InvalidCall(
            "cannot-browse",
            f"These credentials cannot list the {store.words.bucket}s of {store.endpoint}.",
            hint=f"Name one: headrace connections browse NAME {store.words.bucket.upper()}.",
        )
    return sorted(html.unescape(each) for each in found)


def create_bucket(name: str, connection: NetworkConnection, base: Path = Path()) -> None:
    """Makes a bucket or container; one that is ours already is fine.

    Raises ``DataRefused`` or ``Unavailable``.
    """
    if isinstance(connection, S3Connection):
        bucket = Bucket(f"s3://{quote(name)}", connection, base)
        _answer("PUT", _signed_s3("PUT", quote(name), bucket, connection), bucket)
    elif isinstance(connection, GcsConnection):
        GoogleBucket(f"gs://{quote(name)}", connection, base).create()
    elif isinstance(connection, AzureConnection):
        store = Container(f"az://{quote(name)}", connection, base)
        url = f"{store.endpoint.rstrip('/')}/{quote(name)}"
        headers = _azure_headers("PUT", url, "restype=container", connection)
        _answer("PUT", _with_sas(f"{url}?restype=container", connection), store, headers)


def _signed_s3(method: Any, path: str, store: Bucket, connection: S3Connection) -> str:
    """A request outside any bucket, as a URL that is good for a minute."""
    import obstore

    try:
        service = service_store(connection, store.options())
        return obstore.sign(service, method, path, dt.timedelta(seconds=60))
    except Exception as error:
        raise_remote(error, store.endpoint, store.bucket, store.endpoint, store.words)


def _azure_headers(method: str, url: str, query: str, connection: AzureConnection) -> dict[str, str]:
    now = dt.datetime.now(dt.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"x-ms-date": now, "x-ms-version": AZURE_VERSION}
    if connection.account_key is None or connection.account is None:
        return headers
    path = urlsplit(url).path or "/"
    listed = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    resource = f"/{connection.account}{path}\n{query.replace('=', ':')}"
    text = f"{method}{chr(10) * 12}{listed}{resource}"
    key = base64.b64decode(connection.account_key.reveal())
    signature = base64.b64encode(hmac.digest(key, text.encode(), "sha256")).decode()
    return {**headers, "Authorization": f"SharedKey {connection.account}:{signature}"}


def _with_sas(url: str, connection: AzureConnection) -> str:
    if connection.account_key or connection.sas_token is None:
        return url
    return f"{url}&{connection.sas_token.reveal().lstrip('?')}"


def _answer(method: str, url: str, store: NetworkStore, headers: dict[str, str] | None = None) -> str:
    """The body of an answer; what is there already is no error."""
    sent = {**(headers or {}), **({"Content-Length": "0"} if method == "PUT" else {})}
    request = urllib.request.Request(url, headers=sent, method=method)  # noqa: S310 - the connection's own
    try:
        with _opener(store).open(request, timeout=_patience(store)) as answer:
            text: str = answer.read().decode()
            return text
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 409:
            return ""
        raise _refusal(error, store, "make" if method == "PUT" else "list") from error
    except OSError as error:
        if is_distrust(error):
            raise untrusted(store.endpoint) from error
        raise Unavailable(
            "store-unavailable",
            f"{store.endpoint} did not answer.",
            hint="Is the server up, and is the endpoint right? Running again may help.",
        ) from error


def _refusal(error: urllib.error.HTTPError, store: NetworkStore, act: str) -> DataRefused | Unavailable:
    what = store.words.bucket
    if error.code >= 500:
        return Unavailable("store-unavailable", f"{store.endpoint} cannot {act} a {what} just now.")
    if error.code == 400 and act == "make":
        return DataRefused("bad-location", f"'{store.bucket}' is not a name for a {what}.")
    what = f"{what}s" if act == "list" else f"the {what} '{store.bucket}'"
    return DataRefused(
        "access-denied",
        f"{store.endpoint} refuses to {act} {what} with the credentials given.",
        hint=f"Check the connection's {store.words.keys}, and what they are allowed to do.",
    )


def _patience(store: NetworkStore) -> float:
    return (store.connection or NetworkConnection()).timeout_seconds


def _opener(store: NetworkStore) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = []
    if store.roots is not None:
        context = ssl.create_default_context()
        context.load_verify_locations(cadata=store.roots.decode())
        handlers.append(urllib.request.HTTPSHandler(context=context))
    if store.connection is not None and store.connection.proxy is not None:
        proxy = store.connection.proxy.reveal()
        handlers.append(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    return urllib.request.build_opener(*handlers)
