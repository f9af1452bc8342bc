"""What a certificate says: whose it is, who vouches for it, until when; and when a person must renew it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

WARNING_DAYS = (30, 14, 7, 0)
"""Somebody is told when a certificate has no more than so many days left; 0 is the last one."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate, with whatever stands beside it in its file (a chain, or several authorities)."""

    name: str | None
    """The subject's common name: who this is, to a broker."""
    issuer: str
    starts_at: datetime
    expires_at: datetime

    def standing(self, now: datetime) -> str:
        """Say in words how it stands.

        >>> from datetime import UTC
        >>> made = Certificate("a", "b", datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
        >>> made.standing(datetime(2027, 12, 22, tzinfo=UTC))
        'good until 2028-01-01, 10 more days'
        """
        if now < self.starts_at:
            return f"NOT YET VALID: good from {self.starts_at:%Y-%m-%d}, and the clock says {now:%Y-%m-%d}"
        if now >= self.expires_at:
            return f"EXPIRED on {self.expires_at:%Y-%m-%d}, and the clock says {now:%Y-%m-%d}"
        return f"good until {self.expires_at:%Y-%m-%d}, {(self.expires_at - now).days} more days"

    def __str__(self) -> str:
        return f"{self.name or 'without a common name'}, vouched for by {self.issuer}"


@dataclass(frozen=True, slots=True)
class ExpiryWarning:
    """A certificate that a person must renew; each step of WARNING_DAYS is worth telling once."""

    expires_at: datetime
    days_left: int
    """Whole days; negative once it has expired."""
    step: int

    def __str__(self) -> str:
        if self.step == 0:
            return f"the certificate for the broker has expired or does so today ({self.expires_at:%Y-%m-%d})"
        return f"the certificate for the broker expires in {self.days_left} days ({self.expires_at:%Y-%m-%d})"


def warning_of(expires_at: datetime, now: datetime) -> ExpiryWarning | None:
    """Return what a person must be told of a certificate that is good until then, or None.

    >>> from datetime import UTC
    >>> now = datetime(2027, 1, 1, tzinfo=UTC)
    >>> str(warning_of(now + timedelta(days=13), now))
    'the certificate for the broker expires in 13 days (2027-01-14)'
    """
    left = expires_at - now
    steps = [step for step in WARNING_DAYS if left < timedelta(days=step + 1)]
    return ExpiryWarning(expires_at, left.days, min(steps)) if steps else None


def certificates_in(pem: bytes) -> tuple[Certificate, ...]:
    """Return every certificate in these bytes, in order; raise ValueError where there is none."""
    return tuple(_read(one) for one in x509.load_pem_x509_certificates(pem))


def expiry_of(certificates: tuple[Certificate, ...]) -> datetime:
    """Return when the first of a chain expires: a chain is as good as its shortest link."""
    return min(one.expires_at for one in certificates)


def _read(found: x509.Certificate) -> Certificate:
    names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else None
    issuers = found.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    issuer = str(issuers[0].value) if issuers else found.issuer.rfc4514_string()
    return Certificate(name, issuer, found.not_valid_before_utc, found.not_valid_after_utc)
