"""One call of the admin API.

Holds: ``AdminCall``, ``AdminError`` and the type of a handler. Add here: what handlers share when
they read a request. Keep out: what they do.
Source: docs/sandbox.md.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from gmail_sandbox.account.accounts import Account, Accounts
from gmail_sandbox.wire.http_messages import Request, Response
from gmail_sandbox.wire.wire_model import WireModel

Model = TypeVar("Model", bound=WireModel)


class AdminError(Exception):
    """A request that the admin API refuses, with the HTTP status of the refusal."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class AdminCall:
    """A request, and the names in its path."""

    request: Request
    names: dict[str, str]

    def read(self, model: type[Model]) -> Model:
        """Return the JSON body as ``model``; an empty body is an empty object.

        Raises:
            pydantic.ValidationError: the body does not fit.
        """
        return model.model_validate_json(self.request.whole_body() or b"{}")

    def account(self, accounts: Accounts) -> Account:
        """Return the account that the path names.

        Raises:
            AdminError: 404, there is none.
        """
        account = accounts.get(self.names["address"])
        if account is None:
            raise AdminError(404, "no such mailbox")
        return account

    def is_json(self) -> bool:
        """Tell whether the body is JSON by its content type."""
        return self.request.headers.get("content-type", "").startswith("application/json")

    def option(self, name: str) -> str | None:
        """Return one query parameter."""
        return self.request.query_parameters().get(name)

    def listed(self, name: str) -> tuple[str, ...] | None:
        """Return one query parameter that holds names separated by commas."""
        text = self.option(name)
        return None if text is None else tuple(filter(None, text.split(",")))


#: Answers one admin call, at once or as a coroutine.
AdminHandler = Callable[[AdminCall], Response | Coroutine[Any, Any, Response]]
