"""A worker's memory does not grow with what single messages weigh."""

from __future__ import annotations

import base64

from gmail_ingest_tests.sync.service import mail

MEGABYTES = 45
#: No sync has so many exchanges, however slow the machine: the worker lives.
NEVER = 10**9


def test_sync_of_huge_messages_stays_in_bounds(deployment, worker):
    """A text of 45 MB and a file of 45 MB are stored with all other mail, by a worker that needs a
    few times that and gives it back (edge case 54).
    """
    text = mail("text") + b"0123456789abcde\r\n" * (MEGABYTES * 2**20 // 17)
    content = base64.encodebytes(bytes(MEGABYTES * 2**20 * 3 // 4))
    file = (
        b"From: ann@example.net\r\nSubject: file\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee the file.\r\n--b\r\n"
        b"Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + content
        + b"--b--\r\n"
    )
    small = [mail(str(number)) for number in range(20)]

    def needed(tenant, *letters):
        address = f"owner@{tenant}.example"
        deployment.run(deployment.connect(tenant, address))
        deployment.at_google(address, lambda box: [box.deliver(letter) for letter in letters])
        peak = int(worker(tenant, NEVER))
        query = "SELECT count(*), sum(size) FROM emails WHERE tenant_id = %s"
        ((stored, size),) = deployment.run(deployment.rows(query, tenant))
        assert stored == len(letters)
        return peak, size

    usual, _ = needed("usual", *small)
    peak, size = needed("huge", text, file, *small)
    assert size > 2 * MEGABYTES * 10**6
    assert peak - usual < 6 * MEGABYTES
