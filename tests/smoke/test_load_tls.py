"""TLS against real servers: what is trusted, what is not, and how long the handshake took."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import trustme

from perfkit.errors import LoadError
from tests.smoke.test_load_faults import OK, head, in_pieces, run, saying, serving

LOAD = {"users": 2, "iterations": 10}


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the test's own, and its file."""

    issuer: trustme.CA
    file: str

    def server(self, *names: str, asks_for_certificate: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.issuer.issue_cert(*names).configure_cert(context)
        if asks_for_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            self.issuer.configure_trust(context)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    issuer = trustme.CA()
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    issuer.cert_pem.write_to_path(str(file))
    return Authority(issuer, str(file))


@contextlib.contextmanager
def accepting(greet: Callable[[socket.socket], None]) -> Generator[str]:
    """A listener that accepts and then does not do what a TLS server does."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            kept.append(connection)
            greet(connection)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in kept:
            connection.close()


def slow(_socket: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
    time.sleep(0.3)


def test_the_handshake_has_a_time_of_its_own_and_kept_connections_have_none(authority: Authority, tmp_path: Path) -> None:
    with serving(saying(OK), tls=authority.server("127.0.0.1")) as (url, seen):
        ran = run(url, tmp_path, load=LOAD, http={"tls": {"ca": authority.file}})

    opening = ran.samples.filter(pl.col("connect_time") > 0)
    assert ran.errors == {None: 20}
    assert len(seen.requests) == 20
    assert opening.height == seen.connections == 2
    assert (opening["tls_time"] > 0).all()
    assert (opening["connect_time"] + opening["tls_time"] <= opening["finished_at"] - opening["sent_at"]).all()
    assert ran.samples.filter(pl.col("connect_time") == 0)["tls_time"].to_list() == [0.0] * 18


def test_a_slow_handshake_is_no_slow_connect(authority: Authority, tmp_path: Path) -> None:
    tls = authority.server("127.0.0.1")
    tls.sni_callback = slow
    with serving(saying(OK), tls=tls) as (url, _):
        ran = run(url, tmp_path, load={"users": 1, "iterations": 2}, http={"tls": {"ca": authority.file}})

    opening = ran.samples.filter(pl.col("connect_time") > 0).row(0, named=True)
    assert opening["tls_time"] >= 0.3
    assert opening["connect_time"] < opening["tls_time"]


def test_plain_http_has_no_handshake(tmp_path: Path) -> None:
    with serving(saying(OK)) as (url, _):
        ran = run(url, tmp_path)

    assert (ran.samples["connect_time"] > 0).sum() == 2
    assert set(ran.samples["tls_time"]) == {0.0}


def test_a_certificate_that_does_not_verify_ends_the_load_with_one_clear_error(authority: Authority, tmp_path: Path) -> None:
    with (
        serving(saying(OK), tls=authority.server("127.0.0.1")) as (url, seen),
        pytest.raises(LoadError, match=r"the certificate of 127\.0\.0\.1:\d+ does not verify") as refused,
    ):
        run(url, tmp_path)

    assert "http.tls.ca" in refused.value.hint
    assert seen.requests == []


def test_a_certificate_of_another_host_does_not_verify(authority: Authority, tmp_path: Path) -> None:
    with (
        serving(saying(OK), tls=authority.server("shop.test")) as (url, seen),
        pytest.raises(LoadError, match=r"does not verify: .*mismatch"),
    ):
        run(url, tmp_path, http={"tls": {"ca": authority.file}})

    assert seen.requests == []


def test_a_certificate_is_not_checked_when_the_scenario_says_so(authority: Authority, tmp_path: Path) -> None:
    with serving(saying(OK), tls=authority.server("shop.test")) as (url, seen):
        ran = run(url, tmp_path, http={"tls": {"verify": False}})

    assert ran.errors == {None: 20}
    assert (len(seen.requests), seen.connections) == (20, 2)


def test_a_target_that_asks_for_a_certificate_gets_the_scenarios(authority: Authority, tmp_path: Path) -> None:
    client = authority.issuer.issue_cert("perfkit@shop.test")
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    certificate.write_bytes(b"".join(piece.bytes() for piece in client.cert_chain_pems))
    client.private_key_pem.write_to_path(str(key))
    tls = {"ca": authority.file, "cert": str(certificate), "key": str(key)}
    with serving(saying(OK), tls=authority.server("127.0.0.1", asks_for_certificate=True)) as (url, seen):
        ran = run(url, tmp_path / "run", http={"tls": tls})

    assert ran.errors == {None: 20}
    assert len(seen.requests) == 20


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_without_the_certificate_that_is_asked_for_fails_in_tls(
    authority: Authority, version: ssl.TLSVersion, tmp_path: Path
) -> None:
    tls = authority.server("127.0.0.1", asks_for_certificate=True)
    tls.minimum_version = tls.maximum_version = version
    with serving(saying(OK), tls=tls) as (url, seen):
        ran = run(url, tmp_path, load={"users": 1, "iterations": 3}, http={"tls": {"ca": authority.file}})

    assert ran.errors == {"tls": 3}
    assert seen.requests == []


def test_each_step_of_opening_fails_as_itself(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"https://127.0.0.1:{free.getsockname()[1]}"
    load = {"users": 1, "iterations": 2}

    refused = run(nobody, tmp_path / "refused", load=load)
    with accepting(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")) as url:
        other = run(url, tmp_path / "other", load=load)
    with accepting(lambda connection: connection.close()) as url:
        closed = run(url, tmp_path / "closed", load=load)
    with accepting(lambda _: None) as url:
        silent = run(url, tmp_path / "silent", load=load, http={"connect_timeout": "200ms"})

    assert refused.errors == {"connect": 2}
    assert other.errors == closed.errors == silent.errors == {"tls": 2}


def test_a_large_answer_over_tls_comes_whole(authority: Authority, tmp_path: Path) -> None:
    body = b"x" * 3_000_000
    answer = in_pieces(head(f"Content-Length: {len(body)}"), body)
    with serving(answer, tls=authority.server("127.0.0.1")) as (url, seen):
        ran = run(url, tmp_path, load={"users": 2, "iterations": 3}, http={"tls": {"ca": authority.file}})

    assert ran.errors == {None: 6}
    assert set(ran.samples["bytes"]) == {len(body)}
    assert seen.connections == 2
