"""How this project and the libraries for reply text answer the bodies of the set.

Holds: ``read``, ``table``, ``faults`` and the command
``python -m gmail_ingest_tests.core.reply_set.compare``; with a part of names behind it, it shows
the answers of this project that are not the expected ones.
Add here: another library.
Keep out: what counts as right (``judge``).
Source: docs/reply-text.md; the libraries' own documentation. None is a dependency: those that are
not installed are named, and left out (talon, email-reply-parser, mail-parser-reply, quotequail,
unquotemail).
"""

from __future__ import annotations

import functools
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module

from resiliparse.extract.html2text import extract_plain_text

from gmail_ingest.core.mail.reply.reply_text import Reply, read_reply
from gmail_ingest.core.mail.text.html_text import html_to_text
from gmail_ingest_tests.core.reply_set import judge
from gmail_ingest_tests.core.reply_set.build import KINDS, Item, items

# Some patterns of the libraries never come back.
_MAX_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Answerer:
    """What reads plain text and, if it can, HTML; HTML is given as text to one that cannot."""

    text: Callable[[str], str]
    html: Callable[[str], str] | None = None

    def answer(self, item: Item) -> str:
        """Return what it says that the sender wrote."""
        if not item.kind.endswith("html"):
            return self.text(item.body)
        return self.html(item.body) if self.html else self.text(_plain(item.body))


@functools.cache
def read(item: Item) -> Reply:
    """Read a body as the parser of this project does."""
    return read_reply(html_to_text(item.body) if item.kind.endswith("html") else item.body)


def table(answers_of: Mapping[str, Callable[[Item], str]]) -> Iterator[str]:
    """Yield lines of Markdown: by kind and name, how many bodies are answered how.

    Below them, the bodies that a library answers exactly, and this project, the first, does not.
    """
    known: dict[str, list[str]] = {}
    yield "| kind | bodies | answers of | exact | right | bodies that lose own words | ms a body |"
    yield "|---|---|---|---|---|---|---|"
    for group, asked in _groups().items():
        for name, answer in answers_of.items():
            started = time.perf_counter()
            answers = [answer(item) for item in asked]
            spent = (time.perf_counter() - started) / len(asked)
            pairs = list(zip(asked, answers, strict=True))
            known[name] = known.get(name, []) + [
                item.name for item, reply in pairs if judge.exact(item, reply)
            ]
            exact = sum(judge.exact(item, reply) for item, reply in pairs) / len(asked)
            right = sum(judge.right(item, reply) for item, reply in pairs) / len(asked)
            lost = sum(bool(judge.lost(item, reply)) for item, reply in pairs)
            yield (
                f"| {group} | {len(asked)} | {name} | {exact:.1%} | {right:.1%} | {lost} "
                f"| {1000 * spent:.2f} |"
            )
    ours, *libraries = (set(names) for names in known.values())
    yield ""
    yield from (f"- {name}" for name in sorted(set().union(*libraries) - ours))


def faults(part: str) -> Iterator[str]:
    """Yield the bodies whose name has a part, and that this project does not answer exactly."""
    for item in items():
        reply = read(item)
        if part in item.name and not judge.as_expected(item, reply.text, reply.signature):
            yield f"{item.name}\n  text      {reply.text!r}\n  signature {reply.signature!r}"


def _groups() -> dict[str, list[Item]]:
    return {
        f"{kind}, {'by language' if filled else 'by program and layout'}": [
            item for item in items() if item.kind == kind and bool(item.language) == filled
        ]
        for kind in KINDS
        for filled in (False, True)
    }


def _guarded(answer: Callable[[Item], str]) -> Callable[[Item], str]:
    def answer_or_body(item: Item) -> str:
        # An error, or no end, counts as the whole body.
        signal.setitimer(signal.ITIMER_REAL, _MAX_SECONDS)
        try:
            return answer(item)
        except Exception:  # noqa: BLE001 (whatever a library raises is its answer)
            return item.body
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    return answer_or_body


def _plain(html: str) -> str:
    return extract_plain_text(html, preserve_formatting=True, alt_texts=False)


def _talon() -> Answerer:
    quotations, signature = (
        import_module("talon.quotations"),
        import_module("talon.signature.bruteforce"),
    )
    quotations.register_xpath_extensions()

    def text(body: str) -> str:
        return signature.extract_signature(quotations.extract_from_plain(body))[0]

    return Answerer(text, lambda html: text(_plain(quotations.extract_from_html(html))))


def _email_reply_parser() -> Answerer:
    return Answerer(import_module("email_reply_parser").EmailReplyParser.parse_reply)


def _mail_parser_reply() -> Answerer:
    languages = import_module("mailparser_reply.constants").MAIL_LANGUAGES
    parser = import_module("mailparser_reply").EmailReplyParser(languages=list(languages))
    return Answerer(lambda text: parser.parse_reply(text=text) or "")


def _quotequail() -> Answerer:
    library = import_module("quotequail")

    def text(body: str) -> str:
        found = library.unwrap(body)
        return body if found is None else found.get("text_top", "")

    def html(body: str) -> str:
        found = library.unwrap_html(body)
        return _plain(body if found is None else found.get("html_top", ""))

    return Answerer(text, html)


def _unquotemail() -> Answerer:
    library = import_module("unquotemail").Unquote
    return Answerer(
        lambda text: library(None, text).get_text() or "",
        lambda html: _plain(library(html, None).get_html() or ""),
    )


_LIBRARIES = {
    "talon": _talon,
    "email-reply-parser": _email_reply_parser,
    "mail-parser-reply": _mail_parser_reply,
    "quotequail": _quotequail,
    "unquotemail": _unquotemail,
}


def _main(part: str | None) -> None:
    if part is not None:
        sys.stdout.writelines(f"{fault}\n" for fault in faults(part))
        return
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _stop)
    answers_of: dict[str, Callable[[Item], str]] = {"this project": lambda item: read(item).text}
    missing = []
    for name, library in _LIBRARIES.items():
        try:
            answers_of[name] = _guarded(library().answer)
        except ImportError:
            missing.append(name)
    sys.stdout.writelines(f"{line}\n" for line in table(answers_of))
    if missing:
        sys.stdout.write(f"\nNot installed: {', '.join(missing)}.\n")


def _stop(*_: object) -> None:
    raise TimeoutError


if __name__ == "__main__":
    _main(sys.argv[1] if len(sys.argv) > 1 else None)
