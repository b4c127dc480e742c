"""What the asset check says while a person is asked (case 09, edge case 97)."""

from gmail_ingest.core.ledger.removals import question
from gmail_ingest.defs.completeness.verification import evaluation_of
from gmail_ingest.sync.audit.completeness import MailboxVerification


def test_check_fails_with_the_remedy_while_removals_are_withheld():
    """The check does not pass, and says what a person can do."""
    found = MailboxVerification(
        1, "a@example.com", vanished=30, open_vanished=30, withheld=30, error=question(30)
    )
    evaluation = evaluation_of([found])
    assert not evaluation.passed
    assert "30 mails" in evaluation.description
    assert "--accept-removals" in evaluation.description
