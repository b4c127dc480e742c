"""Dagster's GraphQL API, executed in the test's process on the real code location.

Holds: ``Webserver``: what the UI asks and launches. Add here: a field that a page reads.
Keep out: a browser (``gmail_ingest_tests.browser``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster_graphql.test.utils import execute_dagster_graphql

LOCATION = "gmail_ingest"
#: Runs are executed by the launch itself.
_SETTINGS = {
    "run_launcher": {
        "module": "dagster._core.launcher.sync_in_memory_run_launcher",
        "class": "SyncInMemoryRunLauncher",
    },
    "telemetry": {"enabled": False},
}
_LAUNCH = """
mutation ($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename
  ... on LaunchRunSuccess { run { runId } }
  ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } } }
"""
_CHECKS = """
query ($assetKey: AssetKeyInput!) { assetNodeOrError(assetKey: $assetKey) {
  ... on AssetNode { assetChecksOrError { ... on AssetChecks { checks {
    name canExecuteIndividually
    executionForLatestMaterialization {
      runId status partition evaluation { success severity description } }
    partitionStatuses { __typename } } } } } } }
"""
_HISTORY = """
query ($assetKey: AssetKeyInput!, $checkName: String!) {
  assetCheckExecutions(assetKey: $assetKey, checkName: $checkName, limit: 50) {
    status partition evaluation { success severity description } } }
"""


class Webserver:
    """The API of an instance of its own in ``directory``."""

    def __init__(self, directory: Path) -> None:
        (directory / "dagster.yaml").write_text(yaml.safe_dump(_SETTINGS))
        self.instance = dg.DagsterInstance.from_config(str(directory))
        target = LoadableTargetOrigin(module_name="gmail_ingest.definitions", attribute="defs")
        origin = InProcessCodeLocationOrigin(loadable_target_origin=target, location_name=LOCATION)
        self._process = WorkspaceProcessContext(self.instance, InProcessWorkspaceLoadTarget(origin))

    def close(self) -> None:
        """Let go of the code location and the instance."""
        self._process.__exit__(None, None, None)
        self.instance.dispose()

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of an answer."""
        context = self._process.create_request_context()
        return execute_dagster_graphql(context, query, variables=variables).data

    def launch(
        self,
        *,
        assets: list[str] = [],  # noqa: B006 - read only
        checks: list[tuple[str, str]] = [],  # noqa: B006 - read only
        partition: str | None = None,
    ) -> dg.DagsterRun:
        """Launch assets and checks as the UI does, and return the run, which has ended."""
        tags = [{"key": "dagster/partition", "value": partition}] if partition else []
        selector = {
            "repositoryLocationName": LOCATION,
            "repositoryName": "__repository__",
            "pipelineName": "__ASSET_JOB",
            "assetSelection": [{"path": asset.split("/")} for asset in assets],
            "assetCheckSelection": [
                {"assetKey": {"path": asset.split("/")}, "name": name} for asset, name in checks
            ],
        }
        params = {"selector": selector, "mode": "default", "executionMetadata": {"tags": tags}}
        answer = self.ask(_LAUNCH, params=params)["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        # Not by the mutation: the run has an event loop of its own.
        self.instance.launch_run(answer["run"]["runId"], self._process.create_request_context())
        run = self.instance.get_run_by_id(answer["run"]["runId"])
        assert run is not None
        return run

    def check(self, asset: str, name: str) -> dict[str, Any]:
        """A check as the Checks page of an asset shows it."""
        node = self.ask(_CHECKS, assetKey={"path": asset.split("/")})["assetNodeOrError"]
        found = {check["name"]: check for check in node["assetChecksOrError"]["checks"]}
        return found[name]

    def evaluations(self, asset: str, name: str) -> dict[str, dict[str, Any]]:
        """The newest evaluation of each tenant's partition."""
        key = {"path": asset.split("/")}
        found = self.ask(_HISTORY, assetKey=key, checkName=name)["assetCheckExecutions"]
        return {
            row["partition"]: row["evaluation"]
            for row in reversed(found)
            if row["partition"] is not None
        }
