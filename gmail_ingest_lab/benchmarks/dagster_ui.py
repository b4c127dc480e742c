"""Queries that Dagster's pages send to its webserver, and those of the benchmarks.

Holds: ``DagsterUi`` and the queries of the asset's and the backfills' pages. Add here: a further
page. Keep out: what is measured with it; how a person sees it (a browser's time is not in it).
Source: docs/dagster.md#webserver; the queries of the webserver's own pages in Dagster 1.13, with
all fields that it computes: ``PartitionHealthQuery``, the partition counts of
``AssetNodeLiveFragment``, ``BackfillDetailsQuery`` and ``RunsFeedRootQuery``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gmail_ingest.local.readiness import loopback_session
from gmail_ingest_lab.benchmarks.harness import BenchmarkError

#: The asset of months by tenant.
ASSET = ("gmail", "emails_by_month")
_LOCATION = "gmail_ingest"
_REPOSITORY = "__repository__"
_TIMEOUT_SECONDS = 600

_RANGES = "ranges { status startTime endTime startKey endKey }"
_LISTS = "materializedPartitions materializingPartitions failedPartitions"
_HEALTH = f"""query ($asset: AssetKeyInput!) {{ assetNodeOrError(assetKey: $asset) {{
  ... on AssetNode {{ id partitionKeysByDimension {{ name type partitionKeys }}
    assetPartitionStatuses {{
      ... on TimePartitionStatuses {{ {_RANGES} }}
      ... on DefaultPartitionStatuses {{ {_LISTS} }}
      ... on MultiPartitionStatuses {{ primaryDimensionName ranges {{
        primaryDimStartKey primaryDimEndKey primaryDimStartTime primaryDimEndTime
        secondaryDim {{
          ... on TimePartitionStatuses {{ {_RANGES} }}
          ... on DefaultPartitionStatuses {{ {_LISTS} }} }} }} }} }} }} }} }}"""
_COUNTS = """query ($asset: AssetKeyInput!) { assetNodeOrError(assetKey: $asset) {
  ... on AssetNode { id assetMaterializations(limit: 1) { timestamp runId stepKey }
    partitionStats { numMaterialized numMaterializing numPartitions numFailed } } } }"""
_BACKFILL = """query ($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill { id status timestamp endTimestamp numPartitions isAssetBackfill
    hasCancelPermission hasResumePermission assetSelection { path } partitionNames
    error { message } assetBackfillData { rootTargetedPartitions { partitionKeys
        ranges { start end } }
      assetBackfillStatuses {
        ... on AssetPartitionsStatusCounts { assetKey { path } numPartitionsTargeted
          numPartitionsInProgress numPartitionsMaterialized numPartitionsFailed } } } } } }"""
_BACKFILLS = """{ runsFeedOrError(limit: 30, view: BACKFILLS) { ... on RunsFeedConnection {
  cursor hasMore results { __typename id runStatus creationTime startTime endTime jobName
    tags { key value } ... on PartitionBackfill { backfillStatus: status partitionSetName
      assetSelection { path } hasCancelPermission hasResumePermission isAssetBackfill
      numPartitions partitionNames } } } } }"""
_TICKS = """query ($sensor: SensorSelector!, $limit: Int!) {
  sensorOrError(sensorSelector: $sensor) { ... on Sensor { sensorState {
    ticks(limit: $limit) { status timestamp endTimestamp } } } } }"""
_RUNS = """{ runsOrError(filter: {statuses: [STARTED]}) {
  ... on Runs { results { runId tags { key } } } } }"""
_EVENTS = """query ($run: ID!) { logsForRun(runId: $run) { ... on EventConnection {
  events { ... on MessageEvent { message } } } } }"""
_REPORT = """mutation ($asset: AssetKeyInput!, $keys: [String]) {
  reportRunlessAssetEvents(eventParams: {eventType: ASSET_MATERIALIZATION, assetKey: $asset,
    partitionKeys: $keys}) { __typename ... on PythonError { message } } }"""
_BACKFILL_TENANT_TAG = "gmail_ingest/history"
_PID = re.compile(r"\(pid: (\d+)\)")


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """An answer, the seconds that it took, and its size in bytes."""

    data: Mapping[str, Any]
    seconds: float
    size: int


class DagsterUi:
    """Asks one webserver as its pages do."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/graphql"
        self._session = loopback_session()

    def health(self) -> TimedAnswer:
        """The partition map: keys of both dimensions, and the status of every partition."""
        return self._about_asset(_HEALTH)

    def counts(self) -> TimedAnswer:
        """How many partitions there are in each status, as the lineage and the catalog show."""
        return self._about_asset(_COUNTS)

    def backfill(self, backfill_id: str) -> TimedAnswer:
        """The page of one backfill."""
        return self._query(_BACKFILL, id=backfill_id)

    def backfills(self) -> TimedAnswer:
        """The page of all backfills."""
        return self._query(_BACKFILLS)

    def ended(self, backfill_id: str) -> bool:
        """Whether the daemon has ended a backfill."""
        found = self.backfill(backfill_id).data["partitionBackfillOrError"]
        return found.get("status", "REQUESTED") not in {"REQUESTED", "CANCELING"}

    def partitions(self) -> int:
        """How many partitions the asset has."""
        return int(self.counts().data["assetNodeOrError"]["partitionStats"]["numPartitions"])

    def materialized(self) -> int:
        """How many of them Dagster knows to be materialized."""
        return int(self.counts().data["assetNodeOrError"]["partitionStats"]["numMaterialized"])

    def report(self, keys: Sequence[str]) -> None:
        """Report materializations without a run."""
        self._about_asset(_REPORT, keys=list(keys))

    def tick_seconds(self, sensor: str, count: int) -> list[float]:
        """How long the last ticks of a sensor took."""
        selector = {
            "sensorName": sensor,
            "repositoryName": _REPOSITORY,
            "repositoryLocationName": _LOCATION,
        }
        found = self._query(_TICKS, sensor=selector, limit=count).data["sensorOrError"]
        ticks = found["sensorState"]["ticks"]
        return [tick["endTimestamp"] - tick["timestamp"] for tick in ticks if tick["endTimestamp"]]

    def backfill_workers(self) -> dict[str, int]:
        """The processes that execute backfill runs now, by run."""
        runs = self._query(_RUNS).data["runsOrError"]["results"]
        ours = [run["runId"] for run in runs if {"key": _BACKFILL_TENANT_TAG} in run["tags"]]
        found = {run: self._worker(run) for run in ours}
        return {run: pid for run, pid in found.items() if pid is not None}

    def _worker(self, run_id: str) -> int | None:
        events = self._query(_EVENTS, run=run_id).data["logsForRun"]["events"]
        matches = (_PID.search(event.get("message") or "") for event in events)
        return next((int(match[1]) for match in matches if match), None)

    def _about_asset(self, query: str, **variables: object) -> TimedAnswer:
        return self._query(query, asset={"path": list(ASSET)}, **variables)

    def _query(self, query: str, **variables: object) -> TimedAnswer:
        began = time.perf_counter()
        answer = self._session.post(
            self._url, json={"query": query, "variables": variables}, timeout=_TIMEOUT_SECONDS
        )
        seconds = time.perf_counter() - began
        answer.raise_for_status()
        content = answer.json()
        if content.get("errors"):
            raise BenchmarkError(f"Dagster refused a question: {content['errors'][0]['message']}")
        return TimedAnswer(content["data"], seconds, len(answer.content))
