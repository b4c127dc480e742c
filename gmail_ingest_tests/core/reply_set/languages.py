"""The words of each language that the templates are filled with.

Holds: ``languages``. Add here: a key that templates need.
Keep out: templates (``data/templates-*.txt``).
Source: ``languages-*.toml`` in gmail_ingest_tests/core/reply_set/data. A table has: ``who`` (the
person who is quoted), ``own`` and ``more`` (what the sender wrote), ``quoted`` (two lines of the
mail that is answered), ``bye``, ``prose`` (a sentence of the sender's own that looks like an
introduction), ``when`` (a full date with a time), ``fields`` (From, Sent, To, Subject), ``mobile``
(a telephone's signature), ``gmail`` (an introduction); and, where known, those of ``apple``,
``thunderbird``, ``yahoo``, the banners ``gmail_forward``, ``apple_forward`` and ``original``, and
``get_outlook`` (a signature).
"""

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"

_DELIMITER = "-- "
# Gmail folds plain text here, at a blank or behind a bracket.
_GMAIL_WIDTH = 78
_LONG_ADDRESS = "einkauf.und.vertrieb.nord@handelsgesellschaft.example.org"


@functools.cache
def languages() -> Mapping[str, Mapping[str, str]]:
    """Return code of a language to the values of the templates' placeholders."""
    return {
        code: _placeholders(table)
        for path in sorted(DATA.glob("languages-*.toml"))
        for code, table in tomllib.loads(path.read_text("utf-8")).items()
    }


def _placeholders(table: Mapping[str, Any]) -> dict[str, str]:
    values = {key: text for key, text in table.items() if isinstance(text, str)}
    values["quoted1"], values["quoted2"] = table["quoted"]
    values["from"], values["sent"], values["to"], values["subject"] = table["fields"]
    values["gmail_folded"] = _fold(_filled(values["gmail"], values["who"], _LONG_ADDRESS))
    values = {
        key: _filled(text, values["who"], "sales@example.org") for key, text in values.items()
    }
    return values | {"mail": "sales@example.org", "delimiter": _DELIMITER}


def _filled(text: str, who: str, mail: str) -> str:
    return text.replace("{who}", who).replace("{mail}", mail)


def _fold(line: str) -> str:
    folded = []
    while len(line) > _GMAIL_WIDTH:
        start = line[:_GMAIL_WIDTH]
        at = max(start.rfind(" "), start.rfind("<")) + 1
        if not at:
            break
        folded.append(line[:at].rstrip())
        line = line[at:]
    return "\n".join([*folded, line])
