"""Dagster's code server, which has to notice dead workers."""

import threading

from dagster._grpc.server import DagsterApiServer

from gmail_ingest.defs.dagster_internals.code_server import retry_orphan_checks


class Server(DagsterApiServer):
    """The part of Dagster's code server that looks after its run workers."""

    def __init__(self):
        self._server_termination_event = threading.Event()


def test_code_server_looks_at_its_workers_again_after_an_error(monkeypatch):
    """A database that was away for one look does not end the thread that looks (edge case 69)."""
    looks = []

    def look(server):
        looks.append(server)
        if len(looks) == 1:
            raise ConnectionError
        server._server_termination_event.set()

    monkeypatch.setattr(DagsterApiServer, "_check_for_orphaned_runs", look)
    retry_orphan_checks()
    server = Server()
    server._cleanup_thread()
    assert looks == [server, server]
