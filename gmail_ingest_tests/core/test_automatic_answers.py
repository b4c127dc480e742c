import pytest

from gmail_ingest_tests.core.report_set import read, samples


@pytest.mark.parametrize("sample", samples("automatic_answers"), ids=lambda sample: sample.name)
def test_automatic_answer_is_told(sample):
    """By a header, or by words that programs alone put first: mail 33, edge case 169."""
    message = read(sample)
    assert (message.content_kind, message.is_auto_reply) == (sample.expected, True)
    assert not message.is_bounce
