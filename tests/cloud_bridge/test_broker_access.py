"""Where a broker is and how we prove who we are: what a person may write, and what he is told."""

import pytest

from cloud_bridge.broker_access import BrokerAddress, BrokerSettingsError, parse_url, password_from


@pytest.mark.parametrize(
    ("url", "host", "port", "is_tls"),
    [
        ("mqtt://localhost", "localhost", 1883, False),
        ("mqtt://127.0.0.1:18830/", "127.0.0.1", 18830, False),
        ("mqtts://broker.example", "broker.example", 8883, True),
        ("MQTTS://broker.example:443", "broker.example", 443, True),
        ("mqtt://[::1]:1884", "::1", 1884, False),
    ],
)
def test_url_says_host_port_and_tls(url, host, port, is_tls):
    """Both schemes, with the port that is usual for each unless another is given."""
    assert parse_url(url) == BrokerAddress(host, port, is_tls)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "no broker's URL"),
        ("broker.example:1883", "no broker's URL"),
        ("http://broker.example", "no broker's URL"),
        ("mqtt://", "names no host"),
        ("mqtt://:1883", "names no host"),
        ("mqtt://broker:0", "a port that is none"),
        ("mqtt://broker:65536", "a port that is none"),
        ("mqtt://broker:door", "a port that is none"),
        ("mqtt://broker/topic", "behind the port"),
        ("mqtt://broker?tls=yes", "behind the port"),
        ("mqtt://[::1", "is no URL"),
    ],
)
def test_wrong_url_is_refused_with_a_hint(url, words):
    """Whoever mistypes is told what is wrong and what to write."""
    with pytest.raises(BrokerSettingsError) as caught:
        parse_url(url)
    assert words in str(caught.value)
    assert "write mqtt://host:port" in str(caught.value)


@pytest.mark.parametrize("url", ["mqtt://ward:s3cret@broker", "mqtts://ward:s3cret@:x", "ward:s3cret@broker"])
def test_secret_in_the_url_is_refused_and_never_repeated(url):
    """A password on a command line is seen by everybody; the refusal doesn't show it once more."""
    with pytest.raises(BrokerSettingsError) as caught:
        parse_url(url)
    assert "password file" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_password_is_read_without_its_line_end(tmp_path):
    """What an editor puts at the end of the file is no part of the password; spaces are."""
    file = tmp_path / "password"
    file.write_text(" s3cret \r\n")
    assert password_from("ward", file) == " s3cret "
    assert password_from("ward", None) is None


def test_unusable_password_file_is_named(tmp_path):
    """A missing file, an empty one, one that is no text and one without a user: each says which it is."""
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\n")
    binary.write_bytes(b"\xff\xfe")
    for username, file in (("w", tmp_path / "none"), ("w", empty), ("w", binary), (None, empty)):
        with pytest.raises(BrokerSettingsError, match=file.name):
            password_from(username, file)
