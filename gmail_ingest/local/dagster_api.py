"""What the launcher asks Dagster's webserver, over its GraphQL API.

Holds: ``DagsterApi``. Add here: a question that a person at the terminal has.
Keep out: launching syncs (the sensor does that, from the queue).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import requests

from gmail_ingest.errors import GmailIngestError
from gmail_ingest.local.readiness import loopback_session

_TIMEOUT_SECONDS = 20

_LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus
  locationOrLoadError { __typename ... on PythonError { message } } } } } }"""

_SENSORS = """{ instance { daemonHealth { daemonStatus(daemonType: "SENSOR") { healthy } } } }"""

_RUNS = """query ($cursor: String) { runsOrError(cursor: $cursor, limit: 500) {
  __typename ... on Runs { results { runId status } } ... on PythonError { message } } }"""

_RUNNING = """{ runsOrError(filter: {statuses: [STARTED, CANCELING]}) {
  __typename ... on Runs { results { runId } } ... on PythonError { message } } }"""


_LAUNCH = """mutation ($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) { __typename
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""

_RUN = """query ($runId: ID!) { runOrError(runId: $runId) { ... on Run { status } } }"""


class LaunchError(GmailIngestError):
    """Dagster did not launch a job; the text is Dagster's."""


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

    def sensors_run(self) -> bool:
        """Whether the daemon evaluates sensors; False while the webserver does not answer."""
        try:
            health = self._ask(_SENSORS)["instance"]["daemonHealth"]
        except requests.RequestException:
            return False
        return bool(health["daemonStatus"]["healthy"])

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

    def launch(self, job: str) -> str:
        """Launch a job of the code location without config; returns its run's id.

        Raises:
            LaunchError: Dagster does not launch it; the text is Dagster's.
        """
        selector = {
            "repositoryLocationName": "gmail_ingest",
            "repositoryName": "__repository__",
            "pipelineName": job,
        }
        answer = self._ask(_LAUNCH, params={"selector": selector, "mode": "default"})
        launched = answer["launchPipelineExecution"]
        if "run" not in launched:
            raise LaunchError(launched.get("message") or launched["__typename"])
        run_id: str = launched["run"]["runId"]
        return run_id

    def state_of(self, run_id: str) -> str:
        """The state of a run, e.g. ``SUCCESS``; empty if there is no such run."""
        found: str = self._ask(_RUN, runId=run_id)["runOrError"].get("status", "")
        return found

    def running(self) -> int | None:
        """How many runs are STARTED or CANCELING; None if Dagster does not answer."""
        try:
            found = self._ask(_RUNNING)["runsOrError"]
        except requests.RequestException:
            return None
        return len(found["results"]) if "results" in found else None

    def _ask(self, query: str, **variables: object) -> dict[str, Any]:
        answer = self._session.post(
            f"{self._url}/graphql",
            json={"query": query, "variables": variables},
            timeout=_TIMEOUT_SECONDS,
        )
        answer.raise_for_status()
        data: dict[str, Any] = answer.json()["data"]
        return data
