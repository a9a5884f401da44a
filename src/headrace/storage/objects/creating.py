"""Making a bucket: the one S3 request that obstore has no call for.

Signature: AWS Signature Version 4 (docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import urllib.error
import urllib.request
from urllib.parse import quote, urlsplit

from headrace.core import DataRefused, Unavailable
from headrace.storage.connections import S3Connection

__all__ = ["create_bucket"]

EMPTY = hashlib.sha256(b"").hexdigest()


def create_bucket(name: str, connection: S3Connection) -> None:
    """Makes a bucket; one that is ours already is fine. Raises ``DataRefused`` or ``Unavailable``."""
    endpoint = connection.endpoint or f"https://s3.{connection.region}.amazonaws.com"
    url = f"{endpoint.rstrip('/')}/{quote(name)}"
    request = urllib.request.Request(  # noqa: S310 - the scheme is the connection's own
        url, method="PUT", headers=_signed_headers(url, connection)
    )
    try:
        with urllib.request.urlopen(request, timeout=connection.timeout_seconds):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        if error.code == 409:
            return
        if error.code >= 500:
            raise Unavailable("store-unavailable", f"{endpoint} cannot make a bucket just now.") from error
        if error.code == 400:
            raise DataRefused("bad-location", f"'{name}' is not a name for a bucket.") from error
        raise DataRefused(
            "access-denied", f"{endpoint} refuses to make the bucket '{name}' with the credentials given."
        ) from error
    except OSError as error:
        raise Unavailable("store-unavailable", f"{endpoint} did not answer.") from error


def _signed_headers(url: str, connection: S3Connection) -> dict[str, str]:
    parts = urlsplit(url)
    now = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": parts.netloc, "x-amz-content-sha256": EMPTY, "x-amz-date": now}
    if connection.session_token:
        headers["x-amz-security-token"] = connection.session_token.reveal()
    names = ";".join(sorted(headers))
    listed = "".join(f"{key}:{headers[key]}\n" for key in sorted(headers))
    canonical = f"PUT\n{parts.path}\n\n{listed}\n{names}\n{EMPTY}"
    scope = f"{now[:8]}/{connection.region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    secret = connection.secret_access_key.reveal() if connection.secret_access_key else ""
    key = f"AWS4{secret}".encode()
    for part in (now[:8], connection.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    who = f"Credential={connection.access_key_id}/{scope}"
    headers["Authorization"] = f"AWS4-HMAC-SHA256 {who}, SignedHeaders={names}, Signature={signature}"
    return {key: value for key, value in headers.items() if key != "host"}
