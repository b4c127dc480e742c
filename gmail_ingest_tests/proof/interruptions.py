"""Interruptions of work in this process: at a chosen exchange with Postgres, or call of Gmail.

Holds: ``at_exchange``, ``after_call`` and the ways to interrupt. Add here: another way.
Keep out: which exchange or call.
Source: every exchange of psycopg 3 goes through ``AsyncConnection.wait``: BEGIN, each statement
and COMMIT alike, so that the n-th call stands before the n-th statement boundary.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from gmail_ingest.adapters.gmail.requests import ApiRequest
from gmail_ingest.adapters.gmail.transport import Answer, GmailTransport

Exchange = Callable[[], Awaitable[Any]]
#: Is given the connection and the exchange, which it may make, or not, or fail afterwards.
Interruption = Callable[[psycopg.AsyncConnection[Any], Exchange], Awaitable[Any]]


@contextmanager
def at_exchange(number: int, interruption: Interruption) -> Iterator[Callable[[], int]]:
    """Interrupt the ``number``-th exchange (from 1); yields what counts them."""
    original = psycopg.AsyncConnection.wait
    count = 0

    async def wait(self: psycopg.AsyncConnection[Any], *args: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count != number:
            return await original(self, *args, **options)
        return await interruption(self, lambda: original(self, *args, **options))

    psycopg.AsyncConnection.wait = wait  # type: ignore[method-assign]
    try:
        yield lambda: count
    finally:
        psycopg.AsyncConnection.wait = original  # type: ignore[method-assign]


@contextmanager
def after_call(number: int, work: Callable[[], None]) -> Iterator[None]:
    """Let something happen when the ``number``-th call of Gmail (from 1) has been answered."""
    original = GmailTransport.send
    count = 0

    async def send(self: GmailTransport, request: ApiRequest, token: str) -> Answer:
        nonlocal count
        answer = await original(self, request, token)
        count += 1
        if count == number:
            work()
        return answer

    GmailTransport.send = send  # type: ignore[method-assign]
    try:
        yield
    finally:
        GmailTransport.send = original  # type: ignore[method-assign]


def cancelling(task: Callable[[], asyncio.Task[Any]]) -> Interruption:
    """Cancel a task when the exchange is on its way."""

    async def interrupt(_: psycopg.AsyncConnection[Any], exchange: Exchange) -> Any:
        task().cancel()
        return await exchange()

    return interrupt


async def lose_request(connection: psycopg.AsyncConnection[Any], exchange: Exchange) -> Any:
    """Break the connection before the server hears of the statement."""
    _break(connection)
    return await exchange()


async def lose_answer(connection: psycopg.AsyncConnection[Any], exchange: Exchange) -> Any:
    """Break the connection after the server has carried the statement out."""
    await exchange()
    _break(connection)
    raise psycopg.OperationalError("the answer was lost")


def doing(work: Callable[[], None]) -> Interruption:
    """Let something happen elsewhere before the exchange."""

    async def interrupt(_: psycopg.AsyncConnection[Any], exchange: Exchange) -> Any:
        work()
        return await exchange()

    return interrupt


def _break(connection: psycopg.AsyncConnection[Any]) -> None:
    with socket.socket(fileno=os.dup(connection.fileno())) as shared:
        shared.shutdown(socket.SHUT_RDWR)
