"""A mailbox that goes is known by all its names, and takes nothing of its account's other mailbox:
cases 10 and 21, edge cases 92, 93 and 101.
"""

from urllib.parse import quote

import pytest

from gmail_ingest_tests.webhook_api.emails.test_emails import letter, store
from gmail_ingest_tests.webhook_api.integrations.test_disconnect import revoked

KIM, NEW = "kim@crm.test", "kim.lee@crm.test"
PATH = "/api/integrations/tenant-1/mailboxes"


def mailboxes(api):
    """The tenant's mailboxes by address."""
    tenant = api.call("GET", "/api/integrations/tenant-1").json()
    boxes = [mailbox for found in tenant["integrations"] for mailbox in found["mailboxes"]]
    return {box["address"]: box for box in boxes}


def service_account(api, google, *addresses):
    """Connect these by a service account."""
    account = google.admin(
        "POST",
        "service-accounts",
        {"email": "sync@p.iam.gserviceaccount.com", "domains": ["crm.test"]},
    )
    keys = {
        "serviceAccountKey": account.get("keyFile", account),
        "impersonatedUserEmails": list(addresses),
    }
    body = {"tenantId": "tenant-1", "authType": "service_account", "keys": keys}
    answer = api.call("POST", "/api/integrations", body)
    assert answer.status_code == 201, answer.text


def make_twins(api, engine, run):
    """Both have mail in common, and it was found out that one account is behind them."""
    for address in (KIM, NEW):
        run(store(engine, address, [letter(0)]))
    api.database.execute(
        "UPDATE mailboxes SET state = 'duplicate', cause = 'duplicate', present_address = %s"
        " WHERE address = %s",
        (NEW, KIM),
    )


@pytest.mark.parametrize("gone", [KIM, NEW])
def test_a_twin_does_not_take_the_living_ones_consent(api, google, engine, run, gone):
    """One owner's consent is behind both: the first that goes revokes nothing, and leaves the
    account's only watch (edge cases 73, 93 and 101).
    """
    api.connect("tenant-1", google.mailbox(KIM))
    google.admin("POST", f"mailboxes/{KIM}/rename", {"address": NEW})
    tokens = google.admin("POST", f"mailboxes/{NEW}/tokens")
    assert api.connect("tenant-1", tokens).status_code == 201
    assert sorted(mailboxes(api)) == [NEW, KIM]
    make_twins(api, engine, run)
    done = api.call("DELETE", f"{PATH}/{gone}?deleteData=true").json()
    assert (done["watches"], done["grants"]) == ({"shared": 1}, {"shared": 1})
    assert done["complete"]
    assert done["deleted"]["mailboxes"] == 1
    assert google.calls("gmail.users.stop") == 0
    assert not revoked(api, google, tokens)
    (rest,) = done["stillConnected"]
    last = api.call("DELETE", f"{PATH}/{rest}").json()
    assert (last["grants"], last["tenantState"]) == ({"revoked": 1}, "disconnected")
    assert revoked(api, google, tokens)


def test_a_twin_of_a_service_account_leaves_the_accounts_watch(api, google, engine, run):
    """Of two rows of one account in one credential, the one that goes stops no watch: edge case
    101.
    """
    for address in (KIM, NEW, "lee@crm.test"):
        google.mailbox(address)
    service_account(api, google, KIM, NEW, "lee@crm.test")
    make_twins(api, engine, run)
    done = api.call("DELETE", f"{PATH}/{KIM}?deleteData=true").json()
    assert (done["watches"], done["grants"]) == ({"shared": 1}, {"kept": 1})
    assert done["complete"]
    assert (done["stillConnected"], sorted(mailboxes(api))) == (
        [NEW, "lee@crm.test"], [NEW, "lee@crm.test"],
    )  # fmt: skip
    assert google.calls("gmail.users.stop") == 0


def test_a_renamed_mailbox_goes_by_its_former_address(api, google):
    """The CRM may know it by the name that it connected; the answer tells the present one (edge
    cases 92 and 101).
    """
    for address in (KIM, "lee@crm.test"):
        google.mailbox(address)
    service_account(api, google, KIM, "lee@crm.test")
    api.database.execute(
        "UPDATE mailboxes SET address = %s, former_addresses = ARRAY[address] WHERE address = %s",
        (NEW, KIM),
    )
    google.admin("POST", f"mailboxes/{KIM}/rename", {"address": NEW})
    done = api.call("DELETE", f"{PATH}/{KIM}").json()
    assert (done["mailbox"], done["watches"]) == (NEW, {"stopped": 1})
    again = api.call("DELETE", f"{PATH}/{KIM}?deleteData=true").json()
    assert (again["mailbox"], again["deleted"]["mailboxes"]) == (NEW, 1)
    assert list(mailboxes(api)) == ["lee@crm.test"]
    assert api.call("DELETE", f"{PATH}/{KIM}").status_code == 404


def test_a_former_address_is_its_holders_and_never_a_guess(api, google):
    """Whoever has the address now is meant; of several that had it, none: edge case 101."""
    for address in (KIM, NEW, "lee@crm.test"):
        google.mailbox(address)
    service_account(api, google, KIM, NEW, "lee@crm.test")
    former = "UPDATE mailboxes SET former_addresses = ARRAY[%s] WHERE address = ANY(%s)"
    api.database.execute(former, (KIM, [NEW, "lee@crm.test"]))
    assert api.call("DELETE", f"{PATH}/{KIM}").json()["mailbox"] == KIM
    api.database.execute(former, ("old@crm.test", [NEW, "lee@crm.test"]))
    refused = api.call("DELETE", f"{PATH}/old@crm.test")
    assert refused.status_code == 422
    assert "several" in refused.json()["errors"][0]["reason"]
    # A send-as address may be anybody's: it names no mailbox.
    api.database.execute("UPDATE mailboxes SET aliases = '{team@crm.test}'")
    assert api.call("DELETE", f"{PATH}/team@crm.test").status_code == 404
    states = {address: mailbox["state"] for address, mailbox in mailboxes(api).items()}
    assert states == {KIM: "disconnected", NEW: "active", "lee@crm.test": "active"}


def test_an_address_is_found_however_it_is_written(api, google):
    """Capitals, plus signs and slashes, percent-encoded or not, are one address: edge case 101."""
    odd = "kim/a+b@crm.test"
    for address in (KIM, "lee@crm.test"):
        google.mailbox(address)
    service_account(api, google, KIM, "lee@crm.test")
    api.database.execute("UPDATE mailboxes SET address = %s WHERE address = %s", (odd, KIM))
    for written in (odd, quote(odd), quote(odd, safe=""), "Kim/A+B@CRM.test", f" {odd} "):
        answer = api.call("DELETE", f"{PATH}/{written}")
        assert answer.status_code == 200, (written, answer.text)
        assert answer.json()["mailbox"] == odd
    wrong = api.call("DELETE", f"{PATH}/{quote(odd)}?deletedata=true")
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "deletedata"


def test_a_mailbox_that_went_has_no_trouble_left(api, google):
    """Since when it failed, and when it was to be tried again, end with it: edge case 101."""
    api.connect("tenant-1", google.mailbox(KIM))
    api.connect("tenant-1", google.mailbox("lee@crm.test"))
    api.database.execute(
        "UPDATE mailboxes SET state = 'suspended', cause = 'suspended', last_error = 'x',"
        " failing_since = now(), retry_at = now() WHERE address = %s",
        (KIM,),
    )
    api.call("DELETE", f"{PATH}/{KIM}")
    kim = mailboxes(api)[KIM]
    reported = (kim["cause"], kim["lastError"], kim["failingSince"], kim["retryAt"])
    assert (kim["state"], reported) == ("disconnected", (None,) * 4)
