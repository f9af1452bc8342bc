"""A small authority of one's own: certificates by which broker, ward, homes and organisations are known.

For development and for a small beginning. Its key signs everything: whoever has it can be every home.
A real public-key infrastructure may take its place; what the broker needs is a common name per client.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud_bridge.contract.topics import is_home_id

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 365
BROKER = "broker"

_NAME = re.compile(r"ward|ingest|org-[a-z0-9-]{1,40}")


class AuthorityError(ValueError):
    """What was asked of the authority, or the authority itself, can't be meant; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as PEM. The key is a secret: it is never shown."""

    certificate_pem: bytes
    key_pem: bytes

    def __repr__(self) -> str:
        return "Pair(…)"


@dataclass(frozen=True, slots=True)
class Period:
    """From when until when something is good."""

    starts_at: datetime
    expires_at: datetime

    @classmethod
    def of_days(cls, now: datetime, days: int) -> "Period":
        """Begin an hour ago, for clocks that are a little behind, and last so many days."""
        return cls(now - timedelta(hours=1), now + timedelta(days=days))


def new_authority(name: str, period: Period) -> Pair:
    """Make an authority that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(name)
    builder = _begun(subject, subject, key, period)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(is_authority=True), critical=True)
    return _pair(builder.sign(key, SHA256()), key)


def client_certificate(authority: Pair, name: str, period: Period) -> Pair:
    """Make the certificate of a home, the ward, an ingest worker or an organisation.

    Raises AuthorityError for any other name: Mosquitto's pattern rules hold for every name there is.
    """
    if not (is_home_id(name) or _NAME.fullmatch(name)):
        raise AuthorityError(
            f"{name!r} is nobody the broker knows: write a home id (`pusterom hub new-home`), ward, ingest, "
            "or org- and a name in small letters"
        )
    return issued(authority, name, period, ExtendedKeyUsageOID.CLIENT_AUTH)


def broker_certificate(authority: Pair, hosts: tuple[str, ...], period: Period) -> Pair:
    """Make the certificate of a broker that is called by these host names or addresses."""
    if not hosts:
        raise AuthorityError("a broker's certificate needs the host names by which homes call it")
    return issued(authority, BROKER, period, ExtendedKeyUsageOID.SERVER_AUTH, hosts)


def issued(
    authority: Pair, name: str, period: Period, use: x509.ObjectIdentifier, hosts: tuple[str, ...] = ()
) -> Pair:
    """Sign a certificate for this common name; raises AuthorityError when the authority's own is unusable."""
    try:
        parent = x509.load_pem_x509_certificate(authority.certificate_pem)
        parent_key = load_pem_private_key(authority.key_pem, None)
    except (ValueError, TypeError) as error:
        raise AuthorityError("the authority's certificate and key can't be read: make a new one") from error
    if (
        not isinstance(parent_key, ec.EllipticCurvePrivateKey)
        or parent_key.public_key() != parent.public_key()
    ):
        raise AuthorityError("the authority's certificate and key do not belong together")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _begun(_named(name), parent.subject, key, period)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(is_authority=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(parent_key.public_key())
    builder = builder.add_extension(signer, critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(one) for one in hosts]), False)
    return _pair(builder.sign(parent_key, SHA256()), key)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, period: Period
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(period.starts_at)
        .not_valid_after(period.expires_at)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    return Pair(
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
