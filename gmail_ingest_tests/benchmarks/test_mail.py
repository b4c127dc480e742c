"""Mail to measure with."""

from gmail_ingest_lab.benchmarks import mail
from gmail_sandbox.mail.mbox import read_mbox

LETTERS = "".join(
    f"From somebody Mon Jan  5 10:0{n}:00 2026\nMessage-ID: <{n}@x.example>\n"
    f"Date: Mon, 5 Jan 2026 10:0{n}:00 +0000\nSubject: {n}\n\n>From the start\n>>From deeper\n\n"
    for n in range(6)
)


def test_corpus_is_dealt_out_whole(tmp_path):
    """The shares of a corpus have each message once, with the same bytes and date."""
    path = tmp_path / "corpus.mbox"
    path.write_text(LETTERS)
    files = mail._deal(path, 2, tmp_path)
    dealt = [message for file in files for message in read_mbox(file)]
    assert len(files) == 3
    assert sorted(dealt, key=lambda message: message.raw) == sorted(
        read_mbox(path), key=lambda message: message.raw
    )


def test_corpus_is_found_by_the_environment(tmp_path, monkeypatch):
    """GMAIL_INGEST_CORPUS names the mail; without the file it is seeded, and says so."""
    path = tmp_path / "corpus.mbox"
    monkeypatch.setenv("GMAIL_INGEST_CORPUS", str(path))
    assert mail.find_mail() == mail.Mail(None, "seeded mail")
    path.write_text(LETTERS)
    assert mail.find_mail() == mail.Mail(path, "the corpus corpus.mbox")
