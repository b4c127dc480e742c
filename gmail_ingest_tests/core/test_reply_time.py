import pytest

from gmail_ingest.core.mail.reply.reply_text import read_reply
from gmail_ingest_tests.core.growth import assert_linear


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
        "<\n\nmailto:a <a@b>\n> wrote:\n", "On 2024\n10:00 a <b@c.example>\n:\n",
        "wrote (2024 10:00\n",
        "From: a@b Sent: 2024 10:00 To: b " * 9 + "\n", "Sent " + "excuse " * 40 + "\n\n>\n",
    ],
)  # fmt: skip
def test_read_reply_takes_linear_time(piece):
    """Ten times the worst text takes no more than some ten times as long (edge case 129)."""
    assert_linear(lambda chars: read_reply(piece * (chars // len(piece))), 4_000)
