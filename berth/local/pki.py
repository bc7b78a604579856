"""Certificates of a local cluster: a CA of its own, one serving certificate, one client certificate a component."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from berth.files import write_text

_VALID = datetime.timedelta(days=365)
_RENEW = datetime.timedelta(days=14)

Clients = Mapping[str, tuple[str, tuple[str, ...]]]
"""User and groups of each client certificate."""


def ensure(directory: Path, clients: Clients) -> bool:
    """Makes what is missing or about to expire in `directory`. True where it made a new set."""
    if _good(directory / "ca.crt") and (directory / "done").is_file():
        for client, (user, groups) in clients.items():
            if not (directory / f"{client}.key").is_file():
                certificate, secret = issue_client(directory, user, groups)
                write_text(directory / f"{client}.crt", certificate.decode())
                write_text(directory / f"{client}.key", secret.decode(), mode=0o600)
        return False
    (directory / "done").unlink(missing_ok=True)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("berth-local", (), ca_key, None, None)
    _write(directory / "ca.crt", ca)
    _serving(directory, ca, ca_key)
    for client, (user, groups) in clients.items():
        key = ec.generate_private_key(ec.SECP256R1())
        _write(directory / f"{client}.crt", _certificate(user, groups, key, ca, ca_key, client=True))
        _write_key(directory / f"{client}.key", key)
    # RSA: what API servers sign service account tokens with everywhere.
    _write_key(directory / "service-accounts.key", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    write_text(directory / "done", "")
    return True


def issue_client(directory: Path, user: str, groups: tuple[str, ...]) -> tuple[bytes, bytes]:
    """A client certificate and key (PEM) for a user of the cluster, such as a member of a tenant's owners."""
    ca_key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)  # noqa: S101
    ca = x509.load_pem_x509_certificate((directory / "ca.crt").read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(user, groups, key, ca, ca_key, client=True)
    return certificate.public_bytes(serialization.Encoding.PEM), _pem(key)


def _serving(directory: Path, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey) -> None:
    _write_key(directory / "ca.key", ca_key)
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.DNSName("kubernetes.default.svc"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("10.96.0.1")),
        ]
    )
    _write(directory / "apiserver.crt", _certificate("kube-apiserver", (), key, ca, ca_key, names=names))
    _write_key(directory / "apiserver.key", key)


def _certificate(
    name: str,
    groups: tuple[str, ...],
    key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate | None,
    ca_key: ec.EllipticCurvePrivateKey | None,
    *,
    client: bool = False,
    names: x509.SubjectAlternativeName | None = None,
) -> x509.Certificate:
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name)]
        + [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    )
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca.subject if ca else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
    )
    if ca is not None:
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(ca_key or key, hashes.SHA256())


def _good(path: Path) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return False
    return certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > _RENEW


def _write(path: Path, certificate: x509.Certificate) -> None:
    write_text(path, certificate.public_bytes(serialization.Encoding.PEM).decode())


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    write_text(path, _pem(key).decode(), mode=0o600)
