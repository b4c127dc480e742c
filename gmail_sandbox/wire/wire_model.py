"""The JSON conventions of the admin API, as a base class.

Holds: ``WireModel``: camelCase names, no unknown ones, no change after parsing. Add here: a
convention that all admin bodies share. Keep out: the bodies themselves.
Source: docs/sandbox.md.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class WireModel(BaseModel):
    """A frozen body with camelCase names; an unknown name is an error."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=True
    )
