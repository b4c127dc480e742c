"""``python -m webhook_api``: the sidecar as a process.

Holds: flags and the server. Keep out: the app (``app.py``).
SIGTERM ends it gracefully: requests under way are answered, so that no push is lost unanswered.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence

import structlog
import uvicorn

from gmail_ingest.errors import ConfigurationError
from gmail_ingest.logs import configure_logging
from gmail_ingest.settings import load_settings
from gmail_ingest.variables import misspelt
from webhook_api.app import create_app

log = structlog.get_logger(__name__)

#: Seconds that requests under way may take after SIGTERM; Cloud Run gives ten in all.
GRACE_SECONDS = 8
_MAX_PORT = 65_535


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code: 2 if a setting is wrong."""
    flags = _parse(arguments)
    # Before the settings are read, so that an error in them is logged in the usual form.
    configure_logging()
    try:
        port = _port(flags.port)
        settings = load_settings()
        configure_logging(settings.log_level, settings.log_format)
        for sentence in misspelt():
            log.warning("setting_not_read", reason=sentence)
        app = create_app(settings)
    except ConfigurationError as error:
        log.error("not_started", reason=str(error))  # noqa: TRY400 - the reason says it all
        return 2
    config = uvicorn.Config(
        app,
        host=flags.host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # The collector leaves alone what lives as long as the process. Looking through it took a
    # quarter of a push's CPU, in pauses of up to 0.1 s.
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run()
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m webhook_api", description=__doc__)
    parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
    parser.add_argument("--port", default=os.environ.get("PORT") or "8080")
    return parser.parse_args(arguments)


def _port(given: str) -> int:
    if given.isascii() and given.isdecimal() and int(given) <= _MAX_PORT:
        return int(given)
    raise ConfigurationError(f"PORT or --port must be a number from 0 to {_MAX_PORT}")


if __name__ == "__main__":
    sys.exit(main())
