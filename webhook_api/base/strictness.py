"""What a call does not know is refused by name: nothing of a request is ignored silently.

Holds: ``RefuseUnknown``, a dependency of the whole app, so that a new route cannot miss it.
Add here: another part of a request that would be ignored silently. Keep out: values (the routes'
own types check them), keys (``auth.py`` comes first: who has none gets 401).

A filter that is ignored gives more mail than was asked for; an ignored ``dryRun`` starts what was
to be priced; an ignored narrowing of a DELETE deletes the rest. So a query parameter that a call
does not have, one that is given twice, one without a value, a body that a call does not read, and a
name that a JSON object has twice are 422. Source: RFC 8259 section 4 (names should be unique).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from gmail_ingest.errors import InvalidInputError
from webhook_api.base.auth import PUSH_PATH
from webhook_api.base.problems import shown_name

#: Bytes that are read of a body which the call does not take, to see whether it is empty.
_LOOKED_AT = 1024
#: Bodies that count as empty: some clients send them with calls that take none.
_NOTHING = frozenset((b"", b"{}", b"null"))
_SEPARATORS = re.compile(r"[^a-z]")


class RefuseUnknown:
    """The dependency; one for an app, whose routes it remembers."""

    def __init__(self) -> None:
        # Routes have no hash; they live as long as their app does.
        self._known: dict[int, dict[str, Any]] = {}

    async def __call__(self, request: Request) -> None:
        """Refuse what the called route does not know.

        Pub/Sub's pushes are left to their own route: refused ones would come again for days.

        Raises:
            InvalidInputError: names the parameters, or the body.
        """
        route = request.scope["route"]
        assert isinstance(route, APIRoute)  # noqa: S101 - no other route has dependencies
        if route.path == PUSH_PATH:
            return
        wrong = [*self._wrong_parameters(route, request.query_params.multi_items())]
        if route.body_field is not None:
            wrong += _repeated_names(await request.body())
        elif await _says_something(request):
            wrong.append(InvalidInputError("body", "is not read by this call: send none"))
        if wrong:
            first, *others = wrong
            raise InvalidInputError(first.field, first.reason, others)

    def _wrong_parameters(
        self, route: APIRoute, given: Sequence[tuple[str, str]]
    ) -> Iterator[InvalidInputError]:
        if not given:
            return
        known = self._known.get(id(route))
        if known is None:
            known = self._known[id(route)] = _known(route.dependant)
        times = Counter(name for name, _ in given)
        for name, value in dict(given).items():
            if name not in known:
                yield InvalidInputError(shown_name(name, "parameter"), _unknown(name, list(known)))
            elif times[name] > 1:
                yield InvalidInputError(name, "is given more than once: give it once")
            # Where the default is the empty text, giving it is leaving it out.
            elif not value and known[name] != "":
                yield InvalidInputError(name, "has no value: give it one, or leave it out")


def _known(dependant: Dependant) -> dict[str, Any]:
    found = {parameter.alias: parameter.default for parameter in dependant.query_params}
    for dependency in dependant.dependencies:
        found |= _known(dependency)
    return found


def _unknown(name: str, known: list[str]) -> str:
    if not known:
        return "is not known here: this call has no query parameters"
    plain = {_SEPARATORS.sub("", known_name.lower()): known_name for known_name in known}
    close = get_close_matches(_SEPARATORS.sub("", name.lower()), list(plain), n=1, cutoff=0.7)
    hint = f" Did you mean {plain[close[0]]}?" if close else ""
    return f"is not known here.{hint} This call has: {', '.join(known)}"


def _repeated_names(body: bytes) -> Iterator[InvalidInputError]:
    """An error for each name that an object has twice. FastAPI refuses what is not JSON."""
    repeated: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        times = Counter(name for name, _ in pairs)
        repeated.extend(name for name, count in times.items() if count > 1)

    try:
        json.loads(body, object_pairs_hook=note)
    except (ValueError, RecursionError):
        return
    for name in dict.fromkeys(repeated):
        yield InvalidInputError(shown_name(name), "is given more than once: give it once")


async def _says_something(request: Request) -> bool:
    if not int(request.headers.get("content-length") or 0) and (
        "transfer-encoding" not in request.headers
    ):
        return False
    begun = b""
    async for chunk in request.stream():
        begun += chunk
        if len(begun) > _LOOKED_AT:
            return True
    return begun.strip() not in _NOTHING
