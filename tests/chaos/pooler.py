"""A transaction pooler in sixty lines, between real clients and real sessions of a real server.

Like PgBouncer in transaction mode: a client is given a free session of the server with each transaction, and a process
id that it made up itself. It asks for no password; the sessions behind it are opened with the test's conninfo.
"""

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

READY = b"Z"
SSL_REQUEST, GSS_REQUEST = 80877103, 80877104


class Server:
    """One session of the server, of which the pooler speaks the protocol itself."""

    def __init__(self, conninfo: str) -> None:
        self.connection = psycopg.connect(conninfo)
        self.socket = socket.socket(fileno=os.dup(self.connection.pgconn.socket))
        self.socket.setblocking(True)


def exactly(source: socket.socket, size: int) -> bytes:
    """So many bytes."""
    found = b""
    while len(found) < size:
        more = source.recv(size - len(found))
        if not more:
            raise ConnectionError
        found += more
    return found


def message(source: socket.socket) -> tuple[bytes, bytes]:
    """One message of the protocol: its type, and all of it."""
    head = exactly(source, 5)
    (size,) = struct.unpack("!I", head[1:])
    return head[:1], head + exactly(source, size - 4)


class Pooler:
    """The sessions, and what a client's thread does with them."""

    def __init__(self, conninfo: str) -> None:
        self.servers = [Server(conninfo) for _ in range(4)]
        self.free = list(self.servers)
        self.lock = threading.Lock()

    def listen(self, listener: socket.socket) -> None:
        """Serve whoever comes, until the listener is closed."""
        with suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(listener.accept()[0],), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        """A client until it goes."""
        with client, suppress(ConnectionError, OSError):
            greet(client)
            while True:
                self.transaction(client)

    def transaction(self, client: socket.socket) -> None:
        """From the first message of a client until the session is idle again."""
        first = message(client)
        with self.lock:
            server = self.free.pop()
        try:
            exchange(client, server, *first)
        finally:
            with self.lock:
                self.free.append(server)

    def close(self) -> None:
        """End the sessions."""
        for server in self.servers:  # one may still be lent to a client that is going
            with suppress(OSError):
                server.socket.shutdown(socket.SHUT_RDWR)
            server.socket.close()
            server.connection.close()


def greet(client: socket.socket) -> None:
    """No encryption, no password, a process id out of nowhere."""
    while True:
        (size,) = struct.unpack("!I", exactly(client, 4))
        body = exactly(client, size - 4)
        if struct.unpack("!I", body[:4])[0] not in {SSL_REQUEST, GSS_REQUEST}:
            break
        client.sendall(b"N")
    status = b"".join(
        b"S" + struct.pack("!I", 4 + len(pair)) + pair
        for pair in (b"client_encoding\0UTF8\0", b"server_version\x0015.0\0")
    )
    client.sendall(b"R\0\0\0\x08\0\0\0\0" + status + b"K\0\0\0\x0c\0\0\x30\x39\0\0\0\x01" + b"Z\0\0\0\x05I")


def exchange(client: socket.socket, server: Server, kind: bytes, data: bytes) -> None:
    """Messages to and fro until the session is in no transaction."""
    while True:
        server.socket.sendall(data)
        if kind in b"QS" and answer(client, server) == b"I":
            return
        kind, data = message(client)


def answer(client: socket.socket, server: Server) -> bytes:
    """Hand the answer on; the state of the transaction after it."""
    while True:
        kind, data = message(server.socket)
        client.sendall(data)
        if kind == READY:
            return data[5:6]


@contextmanager
def pooler(folder: Path, conninfo: str) -> Iterator[int]:
    """Listen on a socket in this folder, as port 6432."""
    made = Pooler(conninfo)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / ".s.PGSQL.6432"))
        listener.listen()
        threading.Thread(target=made.listen, args=(listener,), daemon=True).start()
        try:
            yield 6432
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            made.close()
