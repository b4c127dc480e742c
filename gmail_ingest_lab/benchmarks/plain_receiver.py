"""The plain way to receive pushes: the baseline of ``webhook``.

Holds: the process: google-auth's ``verify_token`` as it is documented, which fetches the
certificates for each token, and one committed row for each push. It runs until SIGTERM.
Keep out: anything of ours.
"""

from __future__ import annotations

import json
import sys
import threading
from base64 import b64decode
from pathlib import Path

import psycopg
import uvicorn
from google.auth.transport.requests import Request as GoogleRequest
from google.oauth2 import id_token
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_TABLE = "CREATE TABLE plain_pushes (id bigserial PRIMARY KEY, address text, history_id numeric)"
_INSERT = "INSERT INTO plain_pushes (address, history_id) VALUES (%s, %s)"


def main() -> None:
    """Serve on the plan's port."""
    plan = json.loads(Path(sys.argv[1]).read_text())
    with psycopg.connect(plan["database"]) as connection:
        connection.execute(_TABLE)
    receiver = _Receiver(plan["database"], plan["certificates"], plan["audience"])
    app = Starlette(routes=[Route("/push", receiver.receive, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=plan["port"], log_level="error")


class _Receiver:
    def __init__(self, database: str, certificates: str, audience: str) -> None:
        self._database, self._certificates, self._audience = database, certificates, audience
        self._of_thread = threading.local()

    async def receive(self, request: Request) -> Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        await run_in_threadpool(self._take_in, token, await request.body())
        return Response(status_code=204)

    def _take_in(self, token: str, body: bytes) -> None:
        id_token.verify_token(token, self._google, self._audience, self._certificates)
        push = json.loads(b64decode(json.loads(body)["message"]["data"]))
        self._connection.execute(_INSERT, (push["emailAddress"], push["historyId"]))

    @property
    def _google(self) -> GoogleRequest:
        if not hasattr(self._of_thread, "google"):
            self._of_thread.google = GoogleRequest()
        request: GoogleRequest = self._of_thread.google
        return request

    @property
    def _connection(self) -> psycopg.Connection:
        if not hasattr(self._of_thread, "connection"):
            self._of_thread.connection = psycopg.connect(self._database, autocommit=True)
        connection: psycopg.Connection = self._of_thread.connection
        return connection


if __name__ == "__main__":
    main()
