import contextlib
import io
import json
import logging

import pytest
import structlog

from gmail_ingest.logs import configure_logging

SECRET = "ann@example.com wrote about the merger"


@pytest.fixture
def configure():
    """Configure logging to a text that is returned; logging is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    output = io.StringIO()

    def begin(*arguments: str) -> io.StringIO:
        with contextlib.redirect_stderr(output):
            configure_logging(*arguments)
        return output

    yield begin
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def lines(configure):
    """Give the lines that were logged so far, decoded."""
    output = configure("INFO", "json")
    return lambda: decoded(output.getvalue())


def decoded(text: str) -> list[dict[str, object]]:
    """Each line as an object; none of them holds the secret."""
    assert "merger" not in text
    return [json.loads(line) for line in text.splitlines()]


def fail(error: Exception | None = None) -> None:
    """Raise an error whose text quotes a mail."""
    raise error or ValueError(SECRET)


def test_json_log_has_one_object_a_line(lines):
    """Each event is a JSON object with its name, level, time and values."""
    structlog.get_logger().info("sync_ended", stored=3)
    (line,) = lines()
    assert (line["event"], line["level"], line["stored"]) == ("sync_ended", "info", 3)
    assert line["timestamp"].endswith("Z")


def test_json_log_takes_in_the_standard_library(lines):
    """Libraries that use logging come out in the same form, with the same context."""
    with structlog.contextvars.bound_contextvars(tenant="acme"):
        logging.getLogger("alembic").warning("upgraded to %s", "head")
    (line,) = lines()
    assert (line["event"], line["level"]) == ("upgraded to head", "warning")
    assert line["tenant"] == "acme"
    assert line["timestamp"].endswith("Z")


def test_log_carries_the_bound_context(lines):
    """Ids bound where a sync begins are in every line until it ends."""
    log = structlog.get_logger()
    with structlog.contextvars.bound_contextvars(tenant="acme", mailbox_id=7):
        log.info("inside")
    log.info("outside")
    inside, outside = lines()
    assert (inside["tenant"], inside["mailbox_id"]) == ("acme", 7)
    assert "tenant" not in outside


@pytest.mark.parametrize(
    "key",
    ["address", "authorization", "body", "email", "recipients", "sender", "subject", "token"],
)
def test_log_drops_private_values(lines, key):
    """What must not be logged is not, whoever passes it (promise 8)."""
    structlog.get_logger().info("event", **{key: SECRET})
    with structlog.contextvars.bound_contextvars(**{key: SECRET}):
        logging.getLogger("library").info("event")
    assert [line[key] for line in lines()] == ["[private]", "[private]"]


def test_log_of_an_exception_names_its_class_and_place_only(lines):
    """The text of an exception may quote a mail, and is never logged (promise 8)."""
    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("parse_failed", mailbox_id=7)
    (line,) = lines()
    assert (line["event"], line["level"], line["mailbox_id"]) == ("parse_failed", "error", 7)
    assert "ValueError" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert "in fail" in line["exception"]


def test_log_of_a_librarys_exception_names_its_class_and_place_only(lines):
    """Libraries log exceptions too, and their texts are kept out as well (promise 8)."""
    try:
        fail()
    except ValueError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert "in fail" in line["exception"]


def test_log_of_a_chain_of_exceptions_names_each(lines):
    """The cause is often what tells: its class is named, its text is not (promise 8)."""
    try:
        try:
            fail()
        except ValueError as exc:
            raise LookupError(SECRET) from exc
    except LookupError:
        structlog.get_logger().exception("failed")
    (line,) = lines()
    assert "LookupError" in line["exception"]
    assert "ValueError" in line["exception"]


def test_log_of_a_group_of_exceptions_names_its_parts(lines):
    """A group says what went wrong in each of its tasks, without a text (promise 8)."""
    try:
        fail(ExceptionGroup(SECRET, [ValueError(SECRET), LookupError(SECRET)]))
    except ExceptionGroup:
        structlog.get_logger().exception("failed")
    (line,) = lines()
    assert "ExceptionGroup [ValueError; LookupError] (" in line["exception"]


def test_log_leaves_out_what_is_below_the_level(configure):
    """A level set by the operator holds for our own events and for libraries'."""
    output = configure("WARNING", "json")
    structlog.get_logger().info("quiet")
    logging.getLogger("library").info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in decoded(output.getvalue())] == ["loud"]


def test_console_log_keeps_exception_texts_out(configure):
    """The form for a terminal has the same rules."""
    output = configure("INFO", "console")
    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("failed", subject=SECRET)
    text = output.getvalue()
    assert "failed" in text
    assert "ValueError" in text
    assert "merger" not in text


def test_auto_form_is_json_outside_a_terminal(configure):
    """A process whose output is collected logs JSON without being told."""
    output = configure()
    structlog.get_logger().info("event")
    assert [line["event"] for line in decoded(output.getvalue())] == ["event"]


def test_configuring_twice_logs_once(configure):
    """Each run of a process configures logging; a line stays one line."""
    configure("INFO", "json")
    output = configure("INFO", "json")
    logging.getLogger("library").info("event")
    assert len(decoded(output.getvalue())) == 1
