"""Clients: signed-in keep-alive connections that send requests concurrently, and the times they measured.

They run in several processes, so that the client is not what is measured; the same processes and threads drive the
pages, the baseline pages and the bare SQL.
"""

import contextlib
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import TypeVar
from urllib.parse import urlencode

from benchmarks.stage import HOST

PROCESSES = 4
# Any 32 letters: the cookie and the field of a form have to be equal, and the origin has to be ours.
CSRF = "benchmarkbenchmarkbenchmarkbench"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Browser:
    """One keep-alive connection, with the cookie of a session and that of CSRF."""

    def __init__(self, port: int, session: str = "") -> None:
        self._port = port
        cookies = f"csrftoken={CSRF}" + (f"; sessionid={session}" if session else "")
        self._head = (
            f" HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 127.0.0.1\r\n"
            f"Accept-Language: fr\r\nCookie: {cookies}\r\n"
        ).encode()
        self._socket: socket.socket | None = None

    def get(self, path: str) -> Answer:
        return self._send(b"GET " + path.encode() + self._head + b"\r\n")

    def post(self, path: str, fields: dict[str, str], headers: str = "") -> Answer:
        body = urlencode({**fields, "csrfmiddlewaretoken": CSRF}).encode()
        more = (
            f"Origin: https://{HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n{headers}\r\n"
        )
        return self._send(b"POST " + path.encode() + self._head + more.encode() + body)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, request: bytes) -> Answer:
        if self._socket is not None:
            # Sent again when the server had closed the connection: nothing of the request was read.
            with contextlib.suppress(ConnectionResetError, BrokenPipeError, EmptyAnswerError):
                return self._exchange(self._socket, request)
            self.close()
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._exchange(self._socket, request)

    def _exchange(self, connection: socket.socket, request: bytes) -> Answer:
        connection.sendall(request)
        received = connection.recv(65536)
        if not received:
            raise EmptyAnswerError
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += connection.recv(65536)
        lines = received[:end].decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ", 2)[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        parts, got = [received[end + 4 :]], len(received) - end - 4
        while got < length:
            part = connection.recv(262_144)
            if not part:
                raise ConnectionError("the answer ended before its end")
            parts.append(part)
            got += len(part)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, b"".join(parts))


class EmptyAnswerError(ConnectionError):
    """The server closed the connection before it answered."""


R = TypeVar("R")


def drive(work: Sequence[Callable[[], R]], processes: int = PROCESSES) -> list[R]:
    """Run all of `work` concurrently, one thread each in a few processes; returns their results, in order."""
    processes = min(processes, len(work))
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(len(work))
    pipes, children = [], []
    for number in range(processes):
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=_child, args=(sender, ready, work[number::processes]))
        child.start()
        sender.close()
        pipes.append(receiver)
        children.append(child)
    shares = []
    for pipe in pipes:
        try:
            shares.append(pipe.recv())
        except EOFError:
            raise SystemExit("A client ended before it had an answer: see above") from None
    for child in children:
        child.join()
    return [shares[number % processes][number // processes] for number in range(len(work))]


def _child(sender: Connection, ready: Barrier, work: Sequence[Callable[[], object]]) -> None:
    results: list[object] = [None] * len(work)

    def one(number: int) -> None:
        try:
            ready.wait(timeout=60)
            results[number] = work[number]()
        except BaseException:
            ready.abort()
            raise

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if None not in results:
        sender.send(results)
    sender.close()


def for_seconds(seconds: float, ask: Callable[[], object]) -> list[float]:
    """Call `ask` until the time is over; returns the milliseconds of each call."""
    took = []
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        ask()
        took.append((time.perf_counter() - began) * 1000)
    return took


def p95(values: Sequence[float]) -> float:
    """The value that 95 in 100 do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * 95 // 100) - 1]


def median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def sessions(emails: Sequence[str]) -> list[str]:
    """Store a session for each of these people, as signing in does; returns the values of the session cookies."""
    from django.conf import settings  # noqa: PLC0415 - the settings are chosen by the stage
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415

    from totem.accounts.models import User  # noqa: PLC0415

    people = {person.email: person for person in User.objects.filter(email__in=emails)}
    keys = []
    for email in emails:
        store = SessionStore()
        store[SESSION_KEY] = str(people[email].pk)
        store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        store[HASH_SESSION_KEY] = people[email].get_session_auth_hash()
        store.save()
        keys.append(str(store.session_key))
    return keys
