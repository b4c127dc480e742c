import pytest

RFC_ID = "<figures.1@example.net>"


@pytest.fixture
def kim(api, google):
    """A connected mailbox; its id."""
    api.connect("tenant-1", google.mailbox("kim@crm.test"))
    api.rows("DELETE FROM sync_queue RETURNING 1")
    ((mailbox_id,),) = api.rows("SELECT id FROM mailboxes")
    return mailbox_id


def enter(api, mailbox_id, gmail_id, fate, **columns):
    """Put a message in the ledger."""
    values = {"mailbox_id": mailbox_id, "gmail_id": gmail_id, "thread_id": "t1", "origin": "push"}
    values |= {"fate": fate, "first_seen_at": "2026-05-01 10:00+00", **columns}
    names = ", ".join(values)
    places = ", ".join(["%s"] * len(values))
    query = f"INSERT INTO message_ledger ({names}) VALUES ({places})"  # noqa: S608 - of this test
    api.database.execute(query, list(values.values()))


def ask(api, message, **query):
    """Ask why; it must be answered."""
    answer = api.call(
        "GET", "/api/emails/why", params={"tenantId": "tenant-1", "messageId": message, **query}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("fate", "columns", "verdict", "words"),
    [
        ("stored", {}, "stored", ("is stored", "Nothing happens until Gmail")),
        ("left_out", {"reason": "spam"}, "excluded", ("rule 'spam'", "moves it out of there")),
        (
            "hidden",
            {"reason": "no_invoices"},
            "excluded",
            ("hidden by the rule 'no_invoices'", "shown again, without being fetched"),
        ),
        ("gone", {"reason": "deleted"}, "gone", ("deleted in Gmail", "final")),
        ("gone", {}, "gone", ("gone at Google", "shows up again")),
        ("pending", {}, "retrying", ("waits to be fetched", "queued or under way")),
        ("pending", {"reason": "changed"}, "retrying", ("changed in Gmail meanwhile", "queued")),
        (
            "pending",
            {"attempts": 3, "error": "Google is failing (500)"},
            "retrying",
            ("3 attempts failed (Google is failing (500))", "5 more times at the most"),
        ),
        (
            "dead",
            {"attempts": 8, "error": "it cannot be parsed"},
            "dead_letter",
            ("given up", "8 attempts (it cannot be parsed)", "asks for another try"),
        ),
    ],
)
def test_each_fate_is_explained(api, kim, fate, columns, verdict, words):
    """What happened, when, by which rule or error, and what happens next (edge case 2)."""
    decided = None if fate == "pending" else "2026-05-01 10:00:05+00"
    enter(api, kim, "18f2", fate, decided_at=decided, **columns)
    answer = ask(api, "18f2")
    (finding,) = answer["mailboxes"]
    assert answer["found"] is True
    assert (answer["askGoogleUnits"], answer["google"]) == (0, None)
    assert (finding["verdict"], finding["gmailId"]) == (verdict, "18f2")
    message = f"{finding['explanation']} {finding['next']}"
    for word in (*words, "2026-05-01 10:00:00 UTC"):
        assert word in message
    if decided:
        assert "2026-05-01 10:00:05 UTC" in message
    ledger = finding["ledger"]
    shown = "excluded" if fate in {"hidden", "left_out"} else fate
    assert (ledger["fate"], ledger["rule"]) == (shown, columns.get("reason"))
    assert (ledger["nextAttemptAt"] is None) == (fate != "pending")


def test_the_sync_that_decided_is_named(api, kim):
    """Job and Dagster run come from the time of the decision and the kind of sync."""
    jobs = {
        "11111111-1111-1111-1111-111111111111": ("incremental", "09:00", "09:30", "run-old"),
        "22222222-2222-2222-2222-222222222222": ("incremental", "10:00", "10:30", "run-live"),
        "33333333-3333-3333-3333-333333333333": ("initial", "10:01", None, "run-initial"),
        "44444444-4444-4444-4444-444444444444": ("incremental", "11:00", "11:30", "run-new"),
    }
    for job, (kind, start, end, run) in jobs.items():
        times = [f"2026-05-01 {clock}+00" if clock else None for clock in (start, start, end)]
        api.database.execute(
            "INSERT INTO sync_jobs (id, tenant_id, kind, dagster_run_id, created_at, started_at,"
            " finished_at) VALUES (%s, 'tenant-1', %s, %s, %s, %s, %s)",
            (job, kind, run, *times),
        )
    for gmail_id, origin in (("1", "push"), ("2", "listing")):
        enter(api, kim, gmail_id, "stored", origin=origin, decided_at="2026-05-01 10:10+00")
    enter(api, kim, "3", "stored", decided_at="2026-05-01 08:10+00")
    found = [ask(api, gmail_id)["mailboxes"][0]["ledger"] for gmail_id in "123"]
    assert [finding["dagsterRunId"] for finding in found] == ["run-live", "run-initial", None]
    assert found[0]["jobId"] == "22222222-2222-2222-2222-222222222222"


def test_a_mailbox_that_is_not_synced_says_so(api, kim):
    """What waits in a mailbox that a person must mend goes on after that, and not before."""
    enter(api, kim, "18f2", "pending")
    api.database.execute("UPDATE mailboxes SET state = 'suspended', cause = 'no_gmail'")
    (finding,) = ask(api, "18f2")["mailboxes"]
    assert "suspended" in finding["next"]
    assert "still has Gmail" in finding["next"]
    assert "still has Gmail" in finding["action"]


@pytest.mark.parametrize(
    ("state", "verdict", "words"),
    [
        ("active", "not_known", "may still be found"),
        ("needs_reauth", "not_known", "not synced yet"),
        ("disconnected", "disconnected", "knew nothing"),
    ],
)
@pytest.mark.usefixtures("kim")
def test_an_unknown_id_of_an_unfinished_mailbox_may_still_come(api, state, verdict, words):
    """Nothing is claimed of what was not looked at."""
    api.database.execute("UPDATE mailboxes SET state = %s", [state])
    (finding,) = ask(api, "18f2")["mailboxes"]
    assert finding["verdict"] == verdict
    assert words in finding["explanation"]
    assert finding["ledger"] is None


def test_an_unknown_id_of_a_complete_mailbox_was_never_named(api, kim):
    """How far the mailbox is known to the end says what that means."""
    api.database.execute("UPDATE mailboxes SET last_synced_at = '2026-05-02 10:00+00'")
    api.database.execute(
        "INSERT INTO listings (mailbox_id, window_start, done_at)"
        " VALUES (%s, '2026-04-01 00:00+00', now())",
        [kim],
    )
    answer = ask(api, "18f2")
    (finding,) = answer["mailboxes"]
    assert (answer["found"], finding["verdict"]) == (False, "never_listed")
    assert "since 2026-04-01 00:00:00 UTC" in finding["explanation"]
    assert "up to 2026-05-02 10:00:00 UTC" in finding["explanation"]
    assert (finding["listedFrom"], finding["gmailId"]) == ("2026-04-01T00:00:00Z", None)


@pytest.fixture
def letters(google):
    """Mail with the same Message-ID, delivered to the mailbox and stored by nobody yet."""

    def deliver(rfc_id=RFC_ID, address="kim@crm.test", **query):
        raw = f"From: ann@example.net\r\nMessage-ID: {rfc_id}\r\nSubject: x\r\n\r\nText.\r\n"
        return google.thread.call(
            lambda state: state.accounts[address].mailbox.deliver(raw.encode(), **query).id
        )

    return deliver


@pytest.mark.parametrize("spelling", [RFC_ID, RFC_ID.strip("<>"), f"  {RFC_ID}\n"])
def test_google_is_asked_for_an_unknown_message_id(api, google, kim, letters, spelling):
    """Its price is told before; with it the Gmail id is found, and with that the fate."""
    gmail_id = letters()
    before = google.calls("gmail.users.messages.list")
    answer = ask(api, spelling)
    assert (answer["found"], answer["askGoogleUnits"]) == (False, 5)
    assert google.calls("gmail.users.messages.list") == before
    answer = ask(api, spelling, askGoogle="true")
    assert answer["google"] == {"answered": 1, "failed": 0, "units": 5}
    (finding,) = answer["mailboxes"]
    assert (finding["verdict"], finding["gmailId"]) == ("at_google", gmail_id)
    enter(api, kim, gmail_id, "left_out", reason="spam")
    (finding,) = ask(api, spelling, askGoogle="true")["mailboxes"]
    assert (finding["verdict"], finding["ledger"]["rule"]) == ("excluded", "spam")


@pytest.mark.usefixtures("kim")
def test_google_is_asked_for_spam_too(api, letters):
    """What no listing names is found by its Message-ID all the same."""
    letters(label_ids=("SPAM",))
    assert ask(api, RFC_ID, askGoogle="true")["mailboxes"][0]["verdict"] == "at_google"


@pytest.mark.usefixtures("kim")
@pytest.mark.parametrize(
    "rfc_id",
    [
        "<a(b)c@example.net>",
        '<"two words"@example.net>',
        f"<{'x' * 12_000}@example.net>",
        "<one@two@example.net>",
    ],
)
def test_strange_message_ids_are_asked_for(api, letters, rfc_id):
    """Brackets, blanks and 12,000 characters reach Google's search (edge cases 52 and 56)."""
    letters(rfc_id)
    found = ask(api, rfc_id, askGoogle="true")
    assert found["google"]["failed"] == 0
    assert found["mailboxes"][0]["verdict"] == ("not_known" if '"' in rfc_id else "at_google")


@pytest.mark.usefixtures("kim")
def test_a_mailbox_that_cannot_be_asked_is_counted(api, google):
    """One dead grant does not hide what the other mailbox says."""
    api.connect("tenant-1", google.mailbox("lee@crm.test"))
    google.fault("gmail.users.messages.list", mailbox="kim@crm.test", action="status", status=503)
    answer = ask(api, RFC_ID, askGoogle="true")
    assert answer["google"] == {"answered": 1, "failed": 1, "units": 10}
    assert {mailbox["verdict"] for mailbox in answer["mailboxes"]} == {"not_known"}


@pytest.mark.usefixtures("kim")
@pytest.mark.parametrize("message", ["", "  ", "x" * 20_001, "a\0b"])
def test_what_is_no_id_is_refused(api, message):
    """422 names the field, and repeats nothing of it."""
    query = {"tenantId": "tenant-1", "messageId": message}
    answer = api.call("GET", "/api/emails/why", params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "messageId"


def test_an_unknown_tenant_is_not_answered_for(api):
    """404, as everywhere."""
    query = {"tenantId": "nobody", "messageId": "18f2"}
    assert api.call("GET", "/api/emails/why", params=query).status_code == 404


def test_another_tenants_mail_is_not_told_of(api, kim):
    """The same id in a mailbox of another tenant is unknown here."""
    enter(api, kim, "18f2", "stored")
    api.database.execute("INSERT INTO tenants (id) VALUES ('tenant-2')")
    answer = api.call(
        "GET", "/api/emails/why", params={"tenantId": "tenant-2", "messageId": "18f2"}
    )
    assert answer.json() == {
        "found": False,
        "mailboxes": [],
        "askGoogleUnits": 0,
        "google": None,
    }


def test_a_withheld_removal_is_told_of_the_mail(api, kim):
    """Stored, and gone at Gmail: it waits for a person, and the answer says what for (edge case
    97).
    """
    enter(api, kim, "18f2", "stored")
    api.database.execute("INSERT INTO withheld_removals VALUES (%s, '18f2', true)", (kim,))
    (finding,) = ask(api, "18f2")["mailboxes"]
    assert finding["verdict"] == "stored"
    assert "Gmail no longer has it" in finding["explanation"]
    assert "accept-removals" in finding["next"]
    api.database.execute("UPDATE withheld_removals SET accepted_at = now()")
    assert "accept-removals" not in ask(api, "18f2")["mailboxes"][0]["next"]


@pytest.mark.parametrize("fate", ["stored", "gone", "left_out", "hidden"])
def test_a_former_accounts_mail_is_said_to_stay_as_it_is(api, kim, fate):
    """Nobody asks Google for it any more, whatever its fate (case 09, edge case 91)."""
    enter(api, kim, "18f2", fate, reason={"left_out": "spam", "hidden": "lists"}.get(fate))
    api.database.execute("UPDATE mailboxes SET state = 'replaced', replaced_at = now()")
    (finding,) = ask(api, "18f2")["mailboxes"]
    assert finding["state"] == "replaced"
    assert "another one has its address" in finding["next"]
    (unknown,) = ask(api, "<no@where.test>")["mailboxes"]
    assert unknown["verdict"] == "disconnected"
    assert "another one has its address" in unknown["next"]


def test_a_stored_mail_of_a_mailbox_that_is_not_synced_says_so(api, kim):
    """Its labels may have changed since: what has to be done about the mailbox is told."""
    enter(api, kim, "18f2", "stored")
    api.database.execute("UPDATE mailboxes SET state = 'needs_reauth', cause = 'grant_dead'")
    (finding,) = ask(api, "18f2")["mailboxes"]
    assert "needs_reauth" in finding["next"]
    assert "consent anew" in finding["next"]
