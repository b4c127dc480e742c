import gzip
from datetime import UTC, datetime

import pytest

from gmail_sandbox.mail.mbox import read_mbox

NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
PLAIN = b"""From ann@example.com Tue Mar  5 10:00:00 2024
Subject: one
Date: Mon, 4 Mar 2024 09:00:00 +0000

first
From here on it is still the first.
>From the quoted line
>>From twice

From bob@example.com Wed Mar  6 10:00:00 2024
Subject: two
Date: Wed, 33 Sep 2007 31:61:00 +0000

second

"""
TAKEOUT = b"""From 1790000000000000000@xxx Tue Mar 05 10:00:00 +0000 2024\r
X-GM-THRID: 1790000000000000001\r
X-Gmail-Labels: =?UTF-8?Q?Inbox,Opened,Category_Personal,Gr=C3=BC=C3=9Fe?=\r
Subject: three\r
\r
third\r
"""


@pytest.fixture
def read(tmp_path):
    def read(content, name="mail.mbox"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return list(read_mbox(path, now=NOW))

    return read


def seconds(*date):
    return int(datetime(*date, tzinfo=UTC).timestamp()) * 1000


def test_read_mbox_splits_and_unquotes(read):
    """From_ lines split only after an empty line, and one quote mark is taken off."""
    first, second = read(PLAIN)
    assert first.raw.endswith(
        b"\n\nfirst\nFrom here on it is still the first.\nFrom the quoted line\n>From twice\n"
    )
    assert second.raw.endswith(b"second\n")
    assert first.label_ids == ("INBOX", "UNREAD")


def test_read_mbox_dates_by_the_header_if_it_is_sane(read):
    """An impossible Date gives way to the From_ line: edge case 48."""
    first, second = read(PLAIN)
    assert first.internal_date == seconds(2024, 3, 4, 9)
    assert second.internal_date == seconds(2024, 3, 6, 10)


@pytest.mark.parametrize(
    "date",
    [
        b"Fri, 1 Jan 2100 00:00:00 +0000",
        b"Thu, 1 Jan 1970 00:00:00 +0000",
        b"",
        b"Wed, 5 Mar 2024 10:00:00 -99999999999999999999",
    ],
)
def test_read_mbox_gives_no_date_when_none_is_sane(read, date):
    """A date of the future or of the epoch is a lie or a placeholder: edge case 49."""
    (message,) = read(b"From x Thu Jan  1 00:00:00 1970\nDate: " + date + b"\n\nbody\n")
    assert message.internal_date is None


def test_read_mbox_understands_takeout(read):
    """Takeout's headers give thread and labels, and are taken out of the mail."""
    (message,) = read(TAKEOUT)
    assert message.thread_id == f"{1790000000000000001:016x}"
    assert message.label_ids == ("INBOX", "CATEGORY_PERSONAL", "Grüße")
    assert message.raw == b"Subject: three\r\n\r\nthird\r\n"
    assert message.internal_date == seconds(2024, 3, 5, 10)


@pytest.mark.parametrize("thread_id", [b"x", b"9" * 30, b"9" * 5000, "٣".encode()])
def test_read_mbox_ignores_a_thread_id_that_is_none(read, thread_id):
    """A thread id has to be a decimal number of 64 bits."""
    (message,) = read(TAKEOUT.replace(b"1790000000000000001", thread_id))
    assert message.thread_id is None


def test_read_mbox_unpacks_gzip(read):
    """A packed file reads like the plain one."""
    assert read(PLAIN, "mail.mbox.gz") == read(PLAIN)


@pytest.mark.parametrize("content", [b"", b"no mbox\n", b"\x00\xff\n\n"])
def test_read_mbox_finds_nothing_in_other_files(read, content):
    """A file without a From_ line holds no message."""
    assert read(content) == []
