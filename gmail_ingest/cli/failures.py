"""What a person is told when a command fails: one sentence, whatever was raised.

Holds: ``explain_failure``. Add here: a foreign error that has a remedy of its own. Keep out:
printing (``main``); our own errors, whose texts say it already.
The texts of foreign errors may quote mail, keys or addresses: only class and place are shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import ValidationError

from gmail_ingest.errors import ConfigurationError, GmailIngestError, InvalidInputError
from gmail_ingest.settings import explain

#: Exit codes: not done; wrong input or configuration.
NOT_DONE, WRONG_INPUT = 1, 2


class Failure(NamedTuple):
    """A sentence with what to do, and the exit code of the command."""

    text: str
    exit_code: int


def explain_failure(error: BaseException) -> Failure:
    """What a person is told of an error."""
    while isinstance(error, BaseExceptionGroup):
        # The first stands for all: errors of one group have the same cause here.
        error = error.exceptions[0]
    if isinstance(error, GmailIngestError):
        wrong = isinstance(error, ConfigurationError | InvalidInputError)
        return Failure(str(error), WRONG_INPUT if wrong else NOT_DONE)
    if isinstance(error, ValidationError):
        return Failure(explain(error), WRONG_INPUT)
    foreign = _of_files(error) or _of_api(error) or _of_database(error)
    return Failure(*(foreign or (_unforeseen(error), NOT_DONE)))


def _of_files(error: BaseException) -> tuple[str, int] | None:
    if isinstance(error, UnicodeDecodeError):
        return "a file that is read here (.env?) is not UTF-8: save it as UTF-8", WRONG_INPUT
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}", NOT_DONE
    return None


def _of_api(error: BaseException) -> tuple[str, int] | None:
    import requests

    if not isinstance(error, requests.RequestException):
        return None
    where = _origin(error.request.url if error.request is not None else None)
    if isinstance(error, requests.exceptions.InvalidSchema | requests.exceptions.MissingSchema):
        text = "the sidecar's address must begin with http:// or https://"
        return f"{text}: correct --api-url or GMAIL_INGEST_API_URL", WRONG_INPUT
    if isinstance(error, requests.exceptions.InvalidURL):
        text = "the sidecar's address cannot be read: correct --api-url or GMAIL_INGEST_API_URL"
        return text, WRONG_INPUT
    if isinstance(error, requests.JSONDecodeError):
        text = "what answers at the sidecar's address is no sidecar"
        return f"{text}: correct --api-url or GMAIL_INGEST_API_URL", WRONG_INPUT
    if isinstance(error, requests.exceptions.InvalidHeader):
        return (
            "the API key has characters that no key has: correct GMAIL_INGEST_API_KEY",
            WRONG_INPUT,
        )
    if isinstance(error, requests.exceptions.SSLError):
        text = f"the certificate of the sidecar{where} is not trusted here"
        return f"{text}: correct the CA certificates, or the address", NOT_DONE
    how = "does not answer in time" if isinstance(error, requests.Timeout) else "does not answer"
    text = f"the sidecar{where} {how}: see whether it runs, and correct --api-url or"
    return f"{text} GMAIL_INGEST_API_URL if it runs elsewhere", NOT_DONE


def _origin(url: str | None) -> str:
    """Scheme, host and port: the path names tenants, and the user information is a secret."""
    if not url:
        return ""
    parts = urlsplit(url)
    return f" at {parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _of_database(error: BaseException) -> tuple[str, int] | None:
    import psycopg
    from sqlalchemy import exc

    found = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(found, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return "the database is not migrated: run `gmail-ingest db upgrade`", WRONG_INPUT
    if isinstance(found, psycopg.errors.InsufficientPrivilege):
        return "the user of DATABASE_URL lacks a right: use the tables' owner", WRONG_INPUT
    if isinstance(found, psycopg.errors.ReadOnlySqlTransaction):
        return "the database of DATABASE_URL is read-only: name the primary", WRONG_INPUT
    if isinstance(found, psycopg.errors.DiskFull):
        return "the database's disk is full: make room, then run the command again", NOT_DONE
    if isinstance(found, psycopg.OperationalError | psycopg.InterfaceError):
        return (
            "the connection to the database of DATABASE_URL broke: run the command again",
            NOT_DONE,
        )
    if isinstance(found, exc.TimeoutError | exc.DisconnectionError):
        return "the database of DATABASE_URL does not answer: run the command again", NOT_DONE
    if isinstance(found, psycopg.Error):
        state = f", SQLSTATE {found.sqlstate}" if found.sqlstate else ""
        return f"the database refuses ({type(found).__name__}{state}, {_place(error)})", NOT_DONE
    return None


def _unforeseen(error: BaseException) -> str:
    return (
        f"unforeseen {type(error).__name__} at {_place(error)}: this is a bug of gmail-ingest; "
        "GMAIL_INGEST_LOG_LEVEL=DEBUG shows the whole traceback"
    )


def _place(error: BaseException) -> str:
    """The innermost line of ours that the error came through."""
    trace, place = error.__traceback__, "an unknown place"
    while trace is not None:
        code = trace.tb_frame.f_code
        if trace.tb_frame.f_globals.get("__name__", "").startswith("gmail_ingest"):
            place = f"{Path(code.co_filename).name}:{trace.tb_lineno} in {code.co_name}"
        trace = trace.tb_next
    return place
