"""What the launcher asks Dagster's webserver, over its GraphQL API.

Holds: ``DagsterApi``. Add here: a question that a person at the terminal has.
Keep out: launching (the sensor does that, from the queue).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import requests

from gmail_ingest.errors import GmailIngestError
from gmail_ingest.runtime.readiness import loopback_session

_TIMEOUT_SECONDS = 20

_LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus
  locationOrLoadError { __typename ... on PythonError { message } } } } } }"""

_RUNS = """query ($cursor: String) { runsOrError(cursor: $cursor, limit: 500) {
  __typename ... on Runs { results { runId status } } ... on PythonError { message } } }"""

_RUNNING = """{ runsOrError(filter: {statuses: [STARTED, CANCELING]}) {
  __typename ... on Runs { results { runId } } ... on PythonError { message } } }"""


class CodeLocationError(GmailIngestError):
    """Dagster could not load the code location; the text is Dagster's."""


class DagsterApi:
    """A client of one webserver."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = loopback_session()

    def location_loaded(self) -> bool:
        """Whether the code location is loaded; False while the webserver does not answer.

        Raises:
            CodeLocationError: loading failed.
        """
        try:
            data = self._ask(_LOCATIONS)
        except requests.RequestException:
            return False
        entries = data["workspaceOrError"].get("locationEntries", [])
        for entry in entries:
            found = entry["locationOrLoadError"] or {}
            if found.get("__typename") == "PythonError":
                raise CodeLocationError(found["message"])
        return bool(entries) and all(entry["loadStatus"] == "LOADED" for entry in entries)

    def runs_by_state(self) -> dict[str, int]:
        """How many runs there are in each state, e.g. ``{"SUCCESS": 12}``."""
        states: Counter[str] = Counter()
        cursor: str | None = None
        while True:
            page = self._ask(_RUNS, cursor=cursor)["runsOrError"]
            runs = page.get("results", [])
            states.update(run["status"] for run in runs)
            if not runs:
                return dict(states)
            cursor = runs[-1]["runId"]

    def running(self) -> int | None:
        """How many runs Dagster holds for started; None while it cannot tell."""
        try:
            found = self._ask(_RUNNING)["runsOrError"]
        except requests.RequestException:
            return None
        return len(found["results"]) if "results" in found else None

    def _ask(self, query: str, **variables: str | None) -> dict[str, Any]:
        answer = self._session.post(
            f"{self._url}/graphql",
            json={"query": query, "variables": variables},
            timeout=_TIMEOUT_SECONDS,
        )
        answer.raise_for_status()
        data: dict[str, Any] = answer.json()["data"]
        return data
