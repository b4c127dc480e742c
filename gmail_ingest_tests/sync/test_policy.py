import pytest

from gmail_ingest.sync.mailbox.policy import SyncPolicy


@pytest.mark.parametrize(("attempts", "longest"), [(0, 1.0), (1, 2.0), (5, 32.0), (9, 512.0)])
def test_retry_delay_doubles_with_half_jitter(attempts, longest):
    """A delay lies in the upper half of its doubled step, so that retries spread."""
    delays = [SyncPolicy().retry_delay(attempts) for _ in range(200)]
    assert longest / 2 <= min(delays) <= max(delays) <= longest
    assert max(delays) - min(delays) > longest / 8


@pytest.mark.parametrize("attempts", [10, 30, 10_000])
def test_retry_delay_is_bounded_whatever_the_attempts(attempts):
    """No delay is longer than the longest, and no count of attempts overflows."""
    assert 450.0 <= SyncPolicy().retry_delay(attempts) <= 900.0
