"""Google's own description of the Gmail API, as routes and parameter rules.

Holds: the discovery document that ships with google-api-python-client, compiled to a route
table. Add here: a rule that the document states. Keep out: rules it does not state (the API
module has them) and answers.
Source: docs/google.md#client-library: gmail.v1.json, the revision of the installed package.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

import orjson

from gmail_sandbox.wire.google_errors import GoogleRefusalError

_PREFIX = ("gmail", "v1", "users")
_UNSIGNED = {"uint32": 2**32, "uint64": 2**64}


@dataclass(frozen=True, slots=True)
class Parameter:
    """What the document says of one parameter."""

    name: str
    kind: str
    format: str = ""
    enum: frozenset[str] = frozenset()
    repeated: bool = False
    required: bool = False
    minimum: int | None = None
    maximum: int | None = None

    def parse(self, text: str) -> str | int | bool:
        """Return the typed value of one occurrence.

        Raises:
            GoogleRefusalError: 400, the value is not of the parameter's type, enum or range.
        """
        if self.enum and text not in self.enum:
            raise self._refuse(text)
        if self.kind == "boolean":
            if text not in {"true", "false"}:
                raise self._refuse(text)
            return text == "true"
        if self.kind == "integer" or self.format in _UNSIGNED:
            number = self._number(text)
            return number if self.kind == "integer" else text
        return text

    def _number(self, text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()):
            raise self._refuse(text)
        number = int(text)
        ceiling = _UNSIGNED.get(self.format)
        if ceiling is not None and not 0 <= number < ceiling:
            raise self._refuse(text)
        if self.minimum is not None and number < self.minimum:
            raise self._refuse(text)
        if self.maximum is not None and number > self.maximum:
            raise self._refuse(text)
        return number

    def _refuse(self, text: str) -> GoogleRefusalError:
        kind = f"TYPE_{(self.format or self.kind).upper()}" if not self.enum else "TYPE_ENUM"
        return GoogleRefusalError(
            "invalid_argument", detail=f"Invalid value at '{self.name}' ({kind}), \"{text}\""
        )


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the API: its name, its parameters, the scopes that allow it, its schemas."""

    id: str
    parameters: dict[str, Parameter]
    scopes: frozenset[str]
    request: str | None
    response: str | None
    required: tuple[str, ...] = ()

    def parse(self, pairs: list[tuple[str, str]], path: dict[str, str]) -> dict[str, Any]:
        """Return the typed parameters of a call; repeated ones are lists, absent ones absent.

        Args:
            pairs: the decoded query, in order.
            path: the decoded path parameters.

        Raises:
            GoogleRefusalError: 400, a parameter is unknown, malformed, or required and missing.
        """
        values: dict[str, Any] = dict(path)
        for name, text in pairs:
            rule = self.parameters.get(name)
            if rule is None or name in path:
                raise _unknown_name(name, "Cannot bind query parameter. Field")
            value = rule.parse(text)
            if rule.repeated:
                values.setdefault(name, []).append(value)
            else:
                values[name] = value
        for name in self.required:
            if name not in values:
                raise GoogleRefusalError(
                    "invalid_argument", detail=f"Missing required parameter: {name}"
                )
        return values


@dataclass(slots=True)
class _Node:
    methods: dict[str, tuple[Method, tuple[str, ...]]] = field(default_factory=dict)
    literals: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None


@cache
def document() -> dict[str, Any]:
    """Return the discovery document of the installed client library (treat as read-only)."""
    path = files("googleapiclient") / "discovery_cache" / "documents" / "gmail.v1.json"
    loaded: dict[str, Any] = orjson.loads(path.read_bytes())
    return loaded


def find_method(verb: str, path: str) -> tuple[Method, dict[str, str]] | None:
    """Return the method that a request names, with its decoded path parameters.

    Args:
        verb: the HTTP verb.
        path: the path, percent-encoded, without query.
    """
    segments = path.strip("/").split("/")
    if tuple(segments[:3]) != _PREFIX:
        return None
    node = _routes()
    values: list[str] = []
    for segment in segments[3:]:
        literal = node.literals.get(segment)
        if literal is not None:
            node = literal
        elif node.variable is not None:
            node = node.variable
            values.append(unquote(segment))
        else:
            return None
    found = node.methods.get(verb)
    return None if found is None else (found[0], dict(zip(found[1], values, strict=True)))


@cache
def _routes() -> _Node:
    root = _Node()
    shared = {name: _parameter(name, rule) for name, rule in document()["parameters"].items()}
    for rule in _each_method(document()["resources"]["users"]):
        if ":" in rule["path"]:
            continue  # the custom verbs of client-side encryption: no route of this shape
        node, names = root, []
        for segment in rule["path"].split("/")[3:]:
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.literals.setdefault(segment, _Node())
        node.methods[rule["httpMethod"]] = (_method(rule, shared), tuple(names))
    return root


def _each_method(resource: dict[str, Any]) -> list[dict[str, Any]]:
    found = list(resource.get("methods", {}).values())
    for child in resource.get("resources", {}).values():
        found.extend(_each_method(child))
    return found


def _method(rule: dict[str, Any], shared: dict[str, Parameter]) -> Method:
    own = {name: _parameter(name, spec) for name, spec in rule.get("parameters", {}).items()}
    return Method(
        id=rule["id"],
        parameters={**shared, **own},
        scopes=frozenset(rule.get("scopes", ())),
        request=rule.get("request", {}).get("$ref"),
        response=rule.get("response", {}).get("$ref"),
        required=tuple(name for name, spec in own.items() if spec.required),
    )


def _parameter(name: str, rule: dict[str, Any]) -> Parameter:
    return Parameter(
        name=name,
        kind=rule["type"],
        format=rule.get("format", ""),
        enum=frozenset(rule.get("enum", ())),
        repeated=rule.get("repeated", False),
        required=rule.get("required", False),
        minimum=int(rule["minimum"]) if "minimum" in rule else None,
        maximum=int(rule["maximum"]) if "maximum" in rule else None,
    )


def parse_body(schema: str, body: bytes) -> dict[str, Any]:
    """Return a JSON request body that fits a schema of the document.

    Raises:
        GoogleRefusalError: 400, it is not JSON, has an unknown name, or a value of another type.
    """
    try:
        content = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as exc:
        raise GoogleRefusalError(
            "invalid_argument", detail="Invalid JSON payload received. Parsing error."
        ) from exc
    if not isinstance(content, dict):
        raise GoogleRefusalError(
            "invalid_argument", detail="Invalid JSON payload received. Root must be an object."
        )
    rules = document()["schemas"][schema]["properties"]
    for name, value in content.items():
        if name not in rules:
            raise _unknown_name(name, "Cannot find field. Field")
        _check_value(name, value, rules[name])
    return content


def _check_value(name: str, value: object, rule: dict[str, Any]) -> None:
    if rule.get("type") == "array":
        fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
    else:
        fits = isinstance(value, str) and ("enum" not in rule or value in rule["enum"])
    if not fits:
        raise GoogleRefusalError("invalid_argument", detail=f"Invalid value at '{name}'")


def _unknown_name(name: str, what: str) -> GoogleRefusalError:
    return GoogleRefusalError(
        "invalid_argument",
        detail=f"Invalid JSON payload received. Unknown name \"{name}\": {what} '{name}' "
        "could not be found in request message.",
    )
