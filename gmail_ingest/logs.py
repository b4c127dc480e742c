"""Logging of every process: structlog, JSON outside a terminal, no private values.

Holds: ``configure_logging``. Add here: a processor that every process needs.
Keep out: what is logged. Events are short names with ids and numbers. tenant, mailbox_id, job_id
and run_id are bound with ``structlog.contextvars`` where a sync begins; addresses, subjects, bodies
and tokens are never passed (docs/promises.md#promise-8).
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import structlog

#: Values under these keys never reach a log.
PRIVATE_KEYS = frozenset(
    {"address", "authorization", "body", "email", "recipients", "sender", "subject", "token"}
)


def drop_private(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Remove values that must not be logged, as a last line of defence."""
    for key in PRIVATE_KEYS & event.keys():
        event[key] = "[private]"
    return event


def name_exception(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Replace an exception by class and place, with its causes; their texts may quote mail."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = " from ".join(_described(error))
    return event


def _described(error: BaseException | None) -> Iterator[str]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = traceback.StackSummary.extract(
            traceback.walk_tb(error.__traceback__), lookup_lines=False
        )
        places = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
        text = type(error).__qualname__
        if isinstance(error, BaseExceptionGroup):
            text += f" [{'; '.join(' from '.join(_described(one)) for one in error.exceptions)}]"
        yield f"{text} ({' > '.join(places)})" if places else text
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def configure_logging(level: str = "INFO", log_format: str = "auto") -> None:
    """Send structlog and the standard library's logging to stderr in one form.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        log_format: ``json``, ``console``, or ``auto`` (console only on a terminal).
    """
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_private,
        name_exception,
    ]
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if console:
        # ``name_exception`` has already made text of exceptions.
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
