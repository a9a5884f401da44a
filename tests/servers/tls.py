"""TLS before a server that speaks none, with a certificate of an authority that nobody knows."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .wire import Wire


@dataclass(frozen=True)
class Authority:
    """``file`` holds its certificate; ``context`` is what a server of 127.0.0.1 is opened with."""

    file: Path
    context: ssl.SSLContext


def authority(folder: Path) -> Authority:
    """One certificate that signs itself, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    both = folder / "both.pem"
    both.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem)
    )
    file = folder / "authority.pem"
    file.write_bytes(certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return Authority(file, context)


@pytest.fixture
def secured(wire_to: Callable[..., Wire], tmp_path: Path) -> Callable[[int], tuple[int, Path]]:
    """Puts TLS before a port: the new port, and the file with the authority's certificate."""
    known = authority(tmp_path)
    return lambda port: (wire_to(port, known.context).port, known.file)
