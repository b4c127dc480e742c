"""Mail whose text lies deeper, damaged on its way, is parsed and stored all the same."""

from __future__ import annotations

import functools
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gmail_ingest_tests.core import sealed
from gmail_ingest_tests.core.mutations import mutated
from gmail_ingest_tests.core.served_mail import Served, serve
from gmail_ingest_tests.core.storable import assert_storable
from gmail_ingest_tests.core.test_deeper_content import (
    ENCLOSED,
    ENCRYPTED,
    ENTITY,
    HEAD,
    REPORT,
    calendar_mail,
    multipart,
    parsed,
    sealed_mail,
)
from gmail_sandbox.forms import Forms
from gmail_sandbox.mail.mbox import MboxMessage

_MAILS = (
    *ENCRYPTED.values(),
    REPORT,
    calendar_mail(),
    calendar_mail(kind="application/ics"),
    sealed_mail(sealed.signed_data(ENTITY)),
    sealed_mail(sealed.signed_data(calendar_mail().encode())),
    HEAD + multipart("mixed", "\nSee", f"Content-Type: message/rfc822\n\n{ENCLOSED}"),
    HEAD + "Content-Type: multipart/mixed\n\n--x\n\none\n--x\n\ntwo\n--x--",
)
_FORMS = (
    Forms(),
    Forms(enclosed_mail="inline", report="inline", lost_boundary="inline"),
    Forms(enclosed_mail="attachmentId", report="attachmentId", lost_boundary="empty"),
    Forms(enclosed_mail="both", report="blocks", header_bytes="latin1"),
)


@functools.cache
def _served() -> tuple[Served, ...]:
    mail = [MboxMessage(mail.encode()) for mail in _MAILS]
    return tuple(served for forms in _FORMS for served in serve(mail, forms=forms))


@settings(deadline=None, max_examples=300)
@given(st.integers(0, len(_MAILS) * len(_FORMS) - 1), st.integers(0, 2**32))
def test_damaged_content_is_parsed_into_storable_text(which: int, seed: int) -> None:
    """Invitations, sealed data, mails in mails and reports may come in any form and be damaged in
    any way: nothing raises, and every text fits (edge cases 47, 153, 155 and 159).
    """
    served = _served()[which]
    others = [served.message for served in _served()]
    assert_storable(served.parsed(mutated(served.message, others, Random(seed))))


def test_values_of_a_calendar_that_no_store_takes_are_replaced() -> None:
    """Quoted-printable may spell U+0000 and halves of characters (edge cases 41, 42 and 153)."""
    summary = "SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=utf-7:a=00b+2AA-"
    raw = calendar_mail().replace("SUMMARY:project meeting", summary)
    alone = parsed(raw)
    beside = parsed(HEAD + multipart("mixed", "\nHello", raw.partition("FW: meeting\n")[2]))
    assert (alone.text.partition("\n")[0], alone.sanitized) == ("Invitation: a\ufffdb\ufffd", True)
    assert "Invitation: a\ufffdb\ufffd" in beside.search_text
    assert_storable(alone)
    assert_storable(beside)
