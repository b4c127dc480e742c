import pytest

from gmail_ingest_tests.core.report_set import read, samples


@pytest.mark.parametrize("sample", samples("ordinary"), ids=lambda sample: sample.name)
def test_mail_of_people_and_programs_is_no_answer(sample):
    """What merely looks like a report or an answer is none: case 05, edge cases 168 to 171."""
    message = read(sample)
    kind, *flags = sample.expected.split()
    assert (message.content_kind, message.is_list) == (kind, flags == ["list"])
    assert not (message.is_auto_reply)
    assert not (message.is_bounce)
    assert not (message.failed_recipients)
