"""The organisation's pair: two files, neither of which can be taken for the other."""

import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from gateway.store.keys import KeyFileError
from gateway.store.organisation_key import fingerprint, make_pair, private_key_in, public_key_in

PEM = (Encoding.PEM, PrivateFormat.PKCS8)
PEM_PUBLIC = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_a_pair_is_made_private_and_belongs_together(tmp_path):
    """The private half is its owner's alone; the halves fit; nothing is written over."""
    private, public = tmp_path / "org.private", tmp_path / "org.public"
    made = make_pair(private, public)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert private_key_in(private).public_key() == public_key_in(public) == made
    assert fingerprint(made) == fingerprint(public_key_in(public))
    with pytest.raises(KeyFileError, match="can't be made"):
        make_pair(private, tmp_path / "another")


def test_pem_as_openssl_writes_it_is_read(tmp_path):
    """An organisation that has a pair already need not make another."""
    key = X25519PrivateKey.generate()
    private, public = tmp_path / "a", tmp_path / "b"
    private.write_bytes(key.private_bytes(*PEM, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(*PEM_PUBLIC))
    assert private_key_in(private).public_key() == public_key_in(public) == key.public_key()


def test_a_private_key_on_a_hub_is_refused_as_such(tmp_path):
    """Where a public key is asked for, the private one is named for what it is, and not repeated."""
    private = tmp_path / "org.private"
    make_pair(private, tmp_path / "org.public")
    pem = tmp_path / "pem"
    pem.write_bytes(X25519PrivateKey.generate().private_bytes(*PEM, NoEncryption()))
    for file in (private, pem):
        with pytest.raises(KeyFileError, match="PRIVATE key, which must never lie on a hub") as caught:
            public_key_in(file)
        assert file.read_text().split()[-1] not in str(caught.value)


def test_what_is_no_key_is_refused_without_repeating_it(tmp_path):
    """Nonsense, other kinds of keys and keys of small order give one clear error."""
    file = tmp_path / "key"
    other = Ed25519PrivateKey.generate()
    for wrong in (
        b"", b"\xff" * 32, b"zz" * 32, b"ab" * 31, b"-----BEGIN nonsense", b"00" * 32,
        other.public_key().public_bytes(*PEM_PUBLIC),
        other.private_bytes(*PEM, NoEncryption()),
        X25519PrivateKey.generate().private_bytes(*PEM, BestAvailableEncryption(b"word")),
    ):  # fmt: skip
        file.write_bytes(wrong)
        for read in (public_key_in, private_key_in):
            with pytest.raises(KeyFileError) as caught:
                read(file)
            assert not wrong or wrong.decode("latin-1") not in str(caught.value)
    with pytest.raises(KeyFileError, match="can't be read"):
        public_key_in(tmp_path / "none")
