"""Who gets in: no, expired, revoked, foreign certificate are TLS alerts; a valid one of nobody is peer-unknown."""
import grpc
import pytest
import socket
import ssl

from lib import data, protos
from lib.client import Client, refusal


def handshake(gateway, name, ca=True, versions=(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3), alpn=("h2",)):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version, context.maximum_version = versions
    context.load_verify_locations(gateway.pki / "ca.pem")
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if name:
        context.load_cert_chain(gateway.pki / f"{name}.pem", gateway.pki / f"{name}-key.pem")
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as raw:
        raw.settimeout(10)
        with context.wrap_socket(raw, server_hostname="localhost") as tls:
            tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)[:3] + b"\x04\0\0\0\0\0")  # empty SETTINGS
            first = tls.recv(9)  # with TLS 1.3 the alert comes only now
            if not first:
                raise ssl.SSLError("closed")
            return tls.version(), tls.selected_alpn_protocol()


def test_both_versions_speak_h2(shared):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert handshake(shared, "province", versions=(version, version)) == (
            "TLSv1.2" if version == ssl.TLSVersion.TLSv1_2 else "TLSv1.3", "h2")


@pytest.mark.parametrize("name", (None, "expired", "revoked", "foreign"))
@pytest.mark.parametrize("version", (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
def test_bad_certificates_are_tls_alerts(shared, name, version):
    with pytest.raises((ssl.SSLError, ConnectionError)) as caught:
        handshake(shared, name, versions=(version, version))
    assert "alert" in str(caught.value).lower() or "closed" in str(caught.value).lower() or isinstance(caught.value, ConnectionError)


def test_old_tls_and_other_protocols_are_refused(shared):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(shared, "province", versions=(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(shared, "province", alpn=("http/1.1",))


@pytest.mark.parametrize("name", (None, "expired", "revoked", "foreign"))
def test_a_stock_client_sees_no_answer(shared, name):
    with Client(shared.address, shared.pki, name) as client:
        refused = refusal(lambda: client.status(timeout=3))
        assert refused.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


@pytest.mark.parametrize("name", ("stranger", "nosan"))
def test_a_valid_certificate_of_nobody_is_peer_unknown(shared, name):
    refused = refusal(lambda: shared.client(name).pull(data.SUZHOU))
    assert (refused.code, refused.reason, refused.domain) == (grpc.StatusCode.UNAUTHENTICATED, "peer-unknown", "xinqiao")
    assert refused.texts["zh-CN"] and refused.texts["en"]


def test_each_bad_handshake_is_one_line_and_an_alarm(gateway):
    bad = (None, "expired", "revoked", "foreign")
    before = gateway.client("operator").status().log.entries
    for name in bad:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            handshake(gateway, name)
    status = gateway.client("operator").status()
    gateway.published(status.log.entries - 1)
    alarms = [e for e in gateway.entries()[before:] if e.kind == 10]
    assert len(alarms) >= 1
    text = gateway.text()
    for word in ("expired", "revoked"):
        assert word in text.lower()


def test_the_gateway_goes_on_after_bad_handshakes(shared):
    for junk in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 100, b"\0" * 4000, b""):
        with socket.create_connection(("127.0.0.1", shared.port), 5) as raw:
            raw.sendall(junk)
    assert shared.client("operator").health.Check(protos.HealthCheckRequest(), timeout=10).status == 1
