"""Mail that its owner wrote, and that is to be sent later."""

import pytest

from gmail_ingest.core.ledger.scope import left_out_reason
from gmail_ingest.core.mail.payload import parse_message
from gmail_ingest_tests.core.gmail_json import with_headers

OWNER = "owner@crm.example"
FROM_OWNER = ("From", "Owner <Owner+sales@CRM.example>")


def parsed(*headers, labels=()):
    message = with_headers(*headers, ("To", "ann@customer.example"), labelIds=list(labels))
    return parse_message(message, owner_addresses=[OWNER])


def test_mail_labelled_scheduled_stays_out():
    """The label that the reports name keeps it out by its name, before it is fetched (case 06)."""
    labels = parsed(FROM_OWNER, labels=["SCHEDULED"]).label_ids
    assert left_out_reason(labels) == "scheduled"


@pytest.mark.parametrize("labels", [(), ("STARRED",), ("UNREAD", "IMPORTANT")])
def test_mail_of_the_owner_that_is_nowhere_and_was_never_under_way_is_unsent(labels):
    """Without a label that says where it is, and without a trace of a server (case 06)."""
    assert parsed(FROM_OWNER, labels=labels).is_unsent


@pytest.mark.parametrize(
    ("headers", "labels"),
    [
        ([FROM_OWNER], ("SENT",)),
        ([FROM_OWNER], ("INBOX",)),
        ([FROM_OWNER], ("Label_7",)),
        ([FROM_OWNER], ("CATEGORY_UPDATES",)),
        ([FROM_OWNER, ("Received", "from mx.crm.example")], ()),
        ([FROM_OWNER, ("Delivered-To", OWNER)], ()),
        ([("From", "ann@customer.example")], ()),
        ([], ()),
    ],
)
def test_archived_mail_is_not_unsent(headers, labels):
    """What came, or lies somewhere, or is another's, belongs in the CRM without any label."""
    assert not parsed(*headers, labels=labels).is_unsent
