"""What a store says when it refuses, as an error of ours with a remedy."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import NoReturn

from headrace.core import DataRefused, HeadraceError, RunFailed, Unavailable

__all__ = ["Words", "is_distrust", "local_failure", "raise_remote", "remote_failure", "untrusted"]

NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist")
DISTRUST = ("invalid peer certificate", "InvalidCertificate", "CERTIFICATE_VERIFY_FAILED")


@dataclass(frozen=True, slots=True)
class Words:
    """How a kind of store calls things."""

    bucket: str = "bucket"
    keys: str = "credentials"
    """The fields of a connection that decide who may what."""
    variables: str = "the variables of its default chain"


def local_failure(error: OSError, location: str) -> HeadraceError:
    """A system call's error."""
    if isinstance(error, FileNotFoundError):
        return DataRefused("file-missing", f"There is no file '{location}'.", hint="Was it moved meanwhile?")
    if isinstance(error, PermissionError):
        return DataRefused(
            "permission-denied",
            f"The operating system denies access to '{location}'.",
            hint="Give the user that runs Headrace the right to it.",
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunFailed(
            "disk-full",
            f"No space is left for '{location}'.",
            hint="Nothing of this output is visible. Make room and run again.",
        )
    return RunFailed("file-error", f"'{location}' cannot be used: {error.strerror or error}.")


def remote_failure(
    error: BaseException, location: str, bucket: str, endpoint: str, words: Words
) -> HeadraceError:
    """An object store's error, by its kind and by what the server answered."""
    from obstore import exceptions as kinds

    text = str(error)
    if any(each in text for each in NO_BUCKET):
        return DataRefused(
            "bucket-missing",
            f"There is no {words.bucket} '{bucket}' at {endpoint}.",
            hint="Create it, or mend the location or the connection.",
        )
    refused = (kinds.PermissionDeniedError, kinds.UnauthenticatedError)
    if isinstance(error, refused) or "403 Forbidden" in text or "SignatureDoesNotMatch" in text:
        return DataRefused(
            "access-denied",
            f"{endpoint} refuses access to '{location}' with the credentials given.",
            hint=f"Check the connection's {words.keys}, and what they are allowed to do.",
        )
    if isinstance(error, FileNotFoundError | kinds.NotFoundError):
        return DataRefused(
            "file-missing", f"There is no object '{location}'.", hint="Was it moved meanwhile?"
        )
    if "169.254.169.254" in text or "InstanceMetadata" in text:
        return DataRefused(
            "no-credentials",
            f"There are no credentials for '{location}'.",
            hint=f"Give the stage a connection, or set {words.variables}.",
        )
    if isinstance(error, kinds.NotSupportedError | kinds.InvalidPathError):
        return DataRefused("bad-location", f"'{location}' is not a name that {endpoint} takes.")
    if "requires allow_http" in text or "URL scheme is not allowed" in text:
        return DataRefused(
            "http-not-allowed",
            f"{endpoint} is not encrypted.",
            hint="Set allow_http: true on the connection if that is meant.",
        )
    if is_distrust(error):
        return untrusted(endpoint)
    return Unavailable(
        "store-unavailable",
        f"{endpoint} did not answer for '{location}'.",
        hint="Is the server up, and is the endpoint right? Running again may help.",
    )


def untrusted(endpoint: str) -> DataRefused:
    """A certificate that nobody here vouches for."""
    return DataRefused(
        "untrusted-certificate",
        f"The certificate of {endpoint} is not one that this machine trusts.",
        hint="Name the authority's certificate as ca_file of the connection.",
    )


def is_distrust(error: BaseException) -> bool:
    """Whether an error says that a certificate is not trusted."""
    return any(each in str(error) for each in DISTRUST)


def raise_remote(error: BaseException, location: str, bucket: str, endpoint: str, words: Words) -> NoReturn:
    """Raises :func:`remote_failure` without the library's own text, which may hold request headers.

    What no server can have caused goes on as it is.
    """
    if isinstance(error, HeadraceError | BufferError | TypeError | AttributeError):
        raise error
    raise remote_failure(error, location, bucket, endpoint, words) from error
