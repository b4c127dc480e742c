"""The sandbox as a process of its own: ``gmail-sandbox``, or ``python -m gmail_sandbox``.

Holds: ``main`` and its options. Add here: an option. Keep out: what the options mean
(``settings``). When it listens it writes ``{"url": ...}`` to standard output and, if asked, to a
file; SIGTERM and SIGINT end it cleanly.
Source: docs/sandbox.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from gmail_sandbox.push.delivery import PushSubscription
from gmail_sandbox.server import Sandbox, event_loop_factory
from gmail_sandbox.settings import Limits, SandboxSettings


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sandbox until it is told to end.

    Args:
        argv: the options, without the program's name; those of the process if None.

    Returns:
        The exit code: 0, or 1 if the address cannot be listened on.
    """
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with asyncio.Runner(loop_factory=event_loop_factory()) as runner:
        try:
            return runner.run(_serve(options))
        except OSError as error:
            sys.stderr.write(
                f"the sandbox cannot start on {options.host}:{options.port}: "
                f"{error.strerror or error}; choose another --port (0 takes a free one)\n"
            )
            return 1


async def _serve(options: argparse.Namespace) -> int:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, end.set)
    sandbox = Sandbox(_settings(options), _limits(options))
    await sandbox.start()
    if options.push_endpoint:
        sandbox.state.push.subscribe(_subscription(options, sandbox.settings))
    await asyncio.to_thread(_announce, sandbox.url, options.ready_file)
    await end.wait()
    await sandbox.stop()
    return 0


def _announce(url: str, ready_file: Path | None) -> None:
    line = json.dumps({"url": url}) + "\n"
    if ready_file is not None:
        # Renamed once it is whole: a reader that waits for the file never gets half of it.
        partial = ready_file.with_name(f"{ready_file.name}.partial")
        partial.write_text(line)
        partial.replace(ready_file)
    sys.stdout.write(line)
    sys.stdout.flush()


def _settings(options: argparse.Namespace) -> SandboxSettings:
    return SandboxSettings(
        host=options.host,
        port=options.port,
        project_id=options.project_id,
        client_id=options.client_id,
        client_secret=options.client_secret,
        topic=options.topic,
        latency=options.latency_ms / 1_000,
        gzip=not options.no_gzip,
        pretty_print=not options.no_pretty_print,
        allow_paths=options.allow_paths,
        access_token_seconds=options.access_token_seconds,
        rotate_refresh_tokens=options.rotate_refresh_tokens,
        seed=options.seed,
    )


def _limits(options: argparse.Namespace) -> Limits:
    return Limits(
        user_per_minute=options.user_units_per_minute or None,
        project_per_minute=options.project_units_per_minute or None,
        project_per_day=options.project_units_per_day or None,
        concurrent_per_user=options.concurrent_calls or None,
    )


def _subscription(options: argparse.Namespace, settings: SandboxSettings) -> PushSubscription:
    return PushSubscription(
        topic=settings.watch_topic,
        push_endpoint=options.push_endpoint,
        audience=options.push_audience,
        service_account_email=options.push_service_account,
    )


def _parser() -> argparse.ArgumentParser:
    known, limits = SandboxSettings(), Limits()
    parser = argparse.ArgumentParser(
        prog="gmail-sandbox",
        description="A local Google: Gmail, OAuth and Pub/Sub push for one machine.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default=known.host, help="address to listen on")
    add("--port", type=int, default=known.port, help="port; 0 takes a free one")
    add("--ready-file", type=Path, help="file that receives the URL once the sandbox listens")
    add("--project-id", default=known.project_id, help="Google Cloud project")
    add("--client-id", default=known.client_id, help="OAuth client id")
    add("--client-secret", default=known.client_secret, help="OAuth client secret")
    add("--topic", default="", help="topic Gmail may publish to; empty: gmail-push of the project")
    add("--push-endpoint", help="URL that receives notifications")
    add("--push-audience", help="audience of the push token; the endpoint unless given")
    add("--push-service-account", help="e-mail in the push token; unsigned unless given")
    add("--latency-ms", type=float, default=0.0, help="time that every Google answer takes")
    add("--seed", type=int, default=0, help="makes random choices repeatable")
    add("--no-gzip", action="store_true", help="never compress")
    add("--no-pretty-print", action="store_true", help="indent JSON only if asked")
    add("--allow-paths", action="store_true", help="let the admin API read files by path")
    add("--rotate-refresh-tokens", action="store_true", help="each refresh gives a new one")
    add("--access-token-seconds", type=int, default=known.access_token_seconds, help="their life")
    add(
        "--user-units-per-minute",
        type=int,
        default=limits.user_per_minute,
        help="quota of a mailbox; 0 switches it off",
    )
    add(
        "--project-units-per-minute",
        type=int,
        default=limits.project_per_minute,
        help="quota of the project; 0 switches it off",
    )
    add("--project-units-per-day", type=int, default=0, help="daily quota; 0 switches it off")
    add(
        "--concurrent-calls",
        type=int,
        default=limits.concurrent_per_user,
        help="calls of one mailbox at a time; 0 switches it off",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
