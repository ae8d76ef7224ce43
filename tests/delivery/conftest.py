"""A store of its own, formats for delivery, an authority for TLS, and a clock that does not wait."""

import lines_format
import pytest
import trustme
from delivery_support import Authority, Waits

from forensics.export import plugins


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The formats of these tests beside those of the product."""
    real = plugins.export_formats
    monkeypatch.setattr(plugins, "export_formats", lambda: real() | lines_format.ALL)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate for localhost, one for a client, and who signed both."""
    place = tmp_path_factory.mktemp("authority")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(place / "ca.pem"))
    for name, cert in (("localhost", ca.issue_cert("localhost", "127.0.0.1")), ("client", ca.issue_cert("client.example"))):
        cert.cert_chain_pems[0].write_to_path(str(place / f"{name}.pem"))
        cert.private_key_pem.write_to_path(str(place / f"{name}.key"))
    return Authority(ca, place / "ca.pem", place / "localhost.pem", place / "localhost.key", place / "client.pem", place / "client.key")
