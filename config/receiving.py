"""The web server's worker: a thread is given a request once the whole of it has arrived.

gunicorn's `gthread` hands a connection to a thread when its first bytes come, and the thread then waits for the rest:
as many slow senders as there are threads stop the site. nginx collects bodies before it passes them on; Caddy streams
them, and no directive that makes it collect them is known to both Debian's 2.6 and today's versions.
"""

import re
import selectors
import socket
import time
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Any

from django.conf import settings
from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

MEGABYTE = 1024 * 1024
IN_MEMORY = MEGABYTE  # what is larger waits in a temporary file
LONGEST_HEAD = 64 * 1024  # then gunicorn's own limits answer
# A request has so many seconds, and one more for so many bytes that have arrived.
SECONDS, BYTES_PER_SECOND = 30, 8 * 1024
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
EXPECTING = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)
LAST_CHUNK = b"0\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class TooLargeError(Exception):
    """The body is larger than any form of Totem takes."""


class Incoming:
    """What has arrived of one request; a source for gunicorn's parser, which reads on from the socket after it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        self._began = time.monotonic()
        self._head = self._end = b""
        self._body_starts = 0
        self._size = 0

    @property
    def deadline(self) -> float:
        """When the sender is too slow, on the monotonic clock."""
        return self._began + SECONDS + self._size / BYTES_PER_SECOND

    @property
    def begun(self) -> bool:
        """Whether anything has come."""
        return self._size > 0

    def take_path(self) -> str:
        """The path of the request line, once; a second request that came with the first has an empty one."""
        words, self._head = self._head.split(b" ", 2), b""
        return words[1].partition(b"?")[0].decode("latin-1") if len(words) == 3 else ""

    def receive(self) -> bool:
        """Take what has come; whether that is the whole request. Raises TooLargeError, OSError (also at the end)."""
        data = self._sock.recv(LONGEST_HEAD)
        if not data:
            raise ConnectionResetError
        self._file.write(data)
        self._size += len(data)
        self._end = (self._end + data)[-len(LAST_CHUNK) :]
        if not self._body_starts:
            self._head += data
            self._body_starts = self._head.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in self._head else 0
            if self._body_starts and EXPECTING.search(self._head, 0, self._body_starts):
                self._sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self._body_starts:
            return self._size > LONGEST_HEAD
        return self._is_whole()

    def _is_whole(self) -> bool:
        chunked = CHUNKED.search(self._head, 0, self._body_starts)
        length = LENGTH.search(self._head, 0, self._body_starts)
        received = self._size - self._body_starts
        expected = received if chunked or not length else int(length[1])
        if max(received, expected) > max(32 * MEGABYTE, settings.DOCUMENT_MAX_BYTES + MEGABYTE):
            raise TooLargeError
        return self._end == LAST_CHUNK if chunked else received >= expected

    def give_to(self, parser: Any) -> None:
        """Let the parser read what has arrived, then the socket."""
        self._file.seek(0)
        if self._size > IN_MEMORY:
            parser.unreader.sock = self
        else:
            parser.unreader.sock = self._sock
            parser.unreader.unread(self._file.read())

    def recv(self, size: int) -> bytes:
        return self._file.read(size) or self._sock.recv(size)


class Connection(TConn):  # type: ignore[misc]
    """A connection that is closed without waiting for the client to do so: that would stop the main loop.

    The whole request has been read, so no bytes are left for which the kernel would cut the answer short.
    """

    def close(self, graceful: bool = False) -> None:  # noqa: ARG002 - gunicorn's signature
        super().close()


class WholeRequestWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, whose main loop collects each request before a thread sees it."""

    def accept(self, listener: socket.socket) -> None:
        try:
            sock, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        self._collect(Connection(self.cfg, sock, client, listener.getsockname()))

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._collect(conn)

    def murder_pending(self) -> None:
        """Close the connections of slow senders; when this worker stops, those that have sent nothing too."""
        now = time.monotonic()
        for conn in list(self.pending_conns):
            if conn.incoming.deadline < now or not (self.alive or conn.incoming.begun):
                self._drop(conn)

    def _collect(self, conn: Any) -> None:
        conn.incoming = Incoming(conn.sock)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._receive, conn))
        self._receive(conn, conn.sock)

    def _receive(self, conn: Any, sock: socket.socket) -> None:
        try:
            if conn.incoming.receive():
                self._hand_over(conn)
        except BlockingIOError:
            return
        except TooLargeError:
            sock.send(TOO_LARGE)
            self._drop(conn)
        except OSError:
            self._drop(conn)

    def _hand_over(self, conn: Any) -> None:
        self._forget(conn)
        conn.parser = conn.parser or http.get_parser(self.cfg, conn.sock, conn.client)
        conn.incoming.give_to(conn.parser)
        conn.data_ready = True
        self.enqueue_req(conn)

    def _drop(self, conn: Any) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, conn: Any) -> None:
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
