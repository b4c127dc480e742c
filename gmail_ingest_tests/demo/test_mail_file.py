import gzip

import pytest

from gmail_ingest.errors import InvalidInputError
from gmail_ingest_lab.demo.mail_file import require_mbox

MAIL = b"From me@x.example Sat Jan  3 01:05:34 2026\nSubject: Hello\n\nHi.\n"
TAKEOUT = (
    b"From 1850003812345678901@xxx Sat Jan 03 01:05:34 +0000 2026\r\n"
    b"X-GM-THRID: 1850003812345678901\r\nX-Gmail-Labels: Inbox,Unread\r\n\r\nHi.\r\n"
)


@pytest.mark.parametrize("content", [MAIL, TAKEOUT, b"\n\r\n" + MAIL, MAIL * 100])
def test_mail_is_accepted(tmp_path, content):
    """An mbox, a Google Takeout and blank lines before the first message are mail."""
    path = tmp_path / "own.mbox"
    path.write_bytes(content)
    require_mbox(path)


def test_packed_mail_is_accepted(tmp_path):
    """An mbox may be packed with gzip, as the sandbox reads it."""
    path = tmp_path / "own.mbox.gz"
    path.write_bytes(gzip.compress(MAIL))
    require_mbox(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"Subject: one mail\n\nHi.\n", "is not an mbox"),
        (b"PK\x03\x04" + bytes(2_000), "is not an mbox"),
        (b"From a friend, with love\n", "is not an mbox"),
        (b"\xef\xbb\xbf" + MAIL, "is not an mbox"),
        (b"From x " + b"y" * 50_000_000, "is not an mbox"),
        (b"\n" * 1_000 + b"nothing", "is not an mbox"),
    ],
)
def test_anything_else_is_refused(tmp_path, content, reason):
    """What is no mbox is named before anything starts, and never read whole (edge case 113)."""
    path = tmp_path / "own.mbox"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=reason) as refused:
        require_mbox(path)
    assert "--mbox" in str(refused.value)
    assert len(str(refused.value)) < 400


def test_what_cannot_be_read_is_refused(tmp_path):
    """A directory, a missing file and a broken archive are named (edge case 113)."""
    broken = tmp_path / "broken.gz"
    broken.write_bytes(b"not gzip at all")
    for path in (tmp_path, tmp_path / "missing", broken):
        with pytest.raises(InvalidInputError, match="cannot be read"):
            require_mbox(path)
