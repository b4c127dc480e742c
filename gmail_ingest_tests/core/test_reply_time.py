import time

import pytest

from gmail_ingest.core.reply_text import read_reply


@pytest.mark.parametrize(
    "piece",
    [
        "On ", "> ", ">\n", "wrote:\n", "On a@b 10:00 wrote:\n", "_", "-----\n", " ", "\n", ":",
        "--\n", "-- \n", "--\nAnn\n", "\n---\nAnn Lee\n", "From: a@b\n\n", "To:\n", ">>> x\n",
        "a: b\n", "Sent from my iPhone\n\n>\n", "<a@b.example>\n",
        "x\n\n-----Original Message-----\n",
        "---- foo ----\nFrom: a@b\n", "JD> x\nBob wrote:\n", "> (http://x\ny\n>\n",
        "\u5199\u9053\uff1a\n",
        "<a@" * 90 + ":\n", "1 " * 140 + ":\n", "On 5 Mar 2024 10:00 " + "a " * 130 + "wrote:\n",
        "-----\nmailing list\n>\n\n", "--\nlistinfo/\n" + ">\n" * 50,
        "On 2024 10:00 a <b@c> wrote:\n>\n", "\n-- \nPS x\n", "a <x@y.example>,\n5 2024 10:00:\n",
    ],
)  # fmt: skip
def test_read_reply_takes_linear_time(piece):
    """Eight times the worst text takes no more than some eight times as long (edge case 129)."""
    short, long = (_seconds(piece * (chars // len(piece))) for chars in (5_000, 40_000))
    assert long < 16 * short + 0.1


def _seconds(text: str) -> float:
    best = 60.0
    for _ in range(2):
        started = time.process_time()
        read_reply(text)
        best = min(best, time.process_time() - started)
    return best
