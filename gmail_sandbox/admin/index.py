"""The index of the admin API, as a page and as JSON, made from its routes.

Holds: ``Index``. It describes an endpoint by the first line of its handler's docstring. Keep out:
the routes (``routes``) and what they do.
Source: docs/sandbox.md.
"""

from __future__ import annotations

import html
import inspect
from collections.abc import Mapping
from dataclasses import dataclass

from gmail_sandbox.admin.call import AdminHandler
from gmail_sandbox.wire.http_messages import HTML, Request, Response, json_response

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>The sandbox</title>
<style>body{{font:16px/1.5 system-ui;margin:2rem;max-width:70rem}}td{{padding:.2rem 1rem .2rem 0;\
vertical-align:top}}</style>
<h1>The sandbox: a local Google</h1>
<p>Its admin API; how to call each endpoint is in docs/sandbox.md.</p>
<table>{rows}</table></html>
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of the admin API, as the index lists it."""

    verb: str
    path: str
    does: str


class Index:
    """Lists the endpoints.

    Args:
        routes: verb and path, below ``/sandbox/``, to what answers it.
    """

    def __init__(self, routes: Mapping[str, AdminHandler]) -> None:
        self.endpoints = tuple(
            Endpoint(*_named(name), does=_first_line(handler)) for name, handler in routes.items()
        )

    def answer(self, request: Request) -> Response:
        """Return the page to a browser, JSON to everybody else."""
        if "text/html" in request.headers.get("accept", ""):
            rows = "".join(map(_row, self.endpoints))
            return Response(200, _PAGE.format(rows=rows).encode(), HTML)
        shown = [
            {"method": endpoint.verb, "path": endpoint.path, "does": endpoint.does}
            for endpoint in self.endpoints
        ]
        return json_response({"documentation": "docs/sandbox.md", "endpoints": shown})


def _named(name: str) -> tuple[str, str]:
    verb, _, path = name.partition(" ")
    return verb, f"/sandbox/{path}"


def _first_line(handler: AdminHandler) -> str:
    text = inspect.getdoc(handler) or ""
    return " ".join(text.partition("\n\n")[0].split())


def _row(endpoint: Endpoint) -> str:
    path = html.escape(endpoint.path)
    if endpoint.verb == "GET" and "{" not in endpoint.path:
        path = f'<a href="{path}">{path}</a>'
    return f"<tr><td>{endpoint.verb}<td><code>{path}</code><td>{html.escape(endpoint.does)}"
