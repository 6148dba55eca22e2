"""The webhook, told over real HTTP: what it hears, and what is said of one that does not listen."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from pgtune.maintenance.record import Run
from pgtune.model.errors import BadInput, PgtuneError
from pgtune.usecases.maintain_webhook import post, require_url

RUN = Run(
    number=7, target="shop", version=180006, began="2026-11-28T01:00:00", ended="2026-11-28T01:05:00", exit_code=1
)


@contextmanager
def hook(status: int, **headers: str) -> Iterator[tuple[str, list[tuple[str, dict[str, str], str]]]]:
    """An address that answers so, and what it hears: method, headers, body."""
    heard: list[tuple[str, dict[str, str], str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            heard.append((self.command, dict(self.headers), body.decode()))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_words: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook?token=secret", heard
        server.shutdown()
        thread.join()


def test_it_hears_the_whole_run():
    with hook(204) as (url, heard):
        post(url, RUN)
    ((method, headers, body),) = heard
    assert (method, headers["Content-Type"], headers["User-Agent"]) == ("POST", "application/json", "pgtune")
    assert json.loads(body)["number"] == 7


@pytest.mark.parametrize(("status", "words"), [(500, "500 Internal Server Error"), (404, "404 Not Found")])
def test_an_answer_that_is_none_is_said(status, words):
    with hook(status) as (url, _heard), pytest.raises(PgtuneError, match=f"^--webhook: it could not be told: {words}$"):
        post(url, RUN)


def test_a_redirection_is_not_followed():
    """The body would stay behind: the other address would hear of nothing, and this run would call it told."""
    with hook(204) as (elsewhere, heard), hook(302, Location=elsewhere) as (url, _first):
        with pytest.raises(PgtuneError, match="302 Found"):
            post(url, RUN)
        assert heard == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:secret/",
        "http:///secret",
        "http://127.0.0.1/a secret\n",
        "http://[::1secret/",
        "http://\0secret",
    ],
)
def test_an_address_that_is_none_is_said_without_it(url):
    """Its port, its name, its path: one line, and nothing of what may be a secret."""
    with pytest.raises(PgtuneError, match=r"^--webhook: it could not be told: ") as told:
        post(url, RUN)
    assert "secret" not in str(told.value)


def test_nobody_there_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens
        with pytest.raises(PgtuneError, match="Connection refused"):
            post(f"http://127.0.0.1:{taken.getsockname()[1]}/", RUN)


def test_another_who_answers_is_said():
    """A server of something else, as a database."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=_babble, args=(server,))
        thread.start()
        with pytest.raises(PgtuneError, match=r"^--webhook: it could not be told: BadStatusLine$"):
            post(f"http://127.0.0.1:{server.getsockname()[1]}/", RUN)
        thread.join()


def _babble(server: socket.socket) -> None:
    connection, _where = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"what?\r\n\r\n")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://there/", "there", ""])
def test_what_is_no_web_address_is_refused_and_never_opened(url):
    with pytest.raises(BadInput, match="https://"):
        require_url(url)
    with pytest.raises(PgtuneError):
        post(url, RUN)
