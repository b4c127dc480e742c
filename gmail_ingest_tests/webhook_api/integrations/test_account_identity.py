"""An account is not its address, as the CRM's developers see it."""

import pytest

KIM = "kim@crm.test"
NEW = "kim.lee@crm.test"


@pytest.fixture
def kim(google):
    """Tokens of a mailbox with some mail."""
    return google.mailbox(KIM, messages=3)


def shown(api):
    """The tenant's mailboxes."""
    tenant = api.call("GET", "/api/integrations/tenant-1").json()
    return [mailbox for found in tenant["integrations"] for mailbox in found["mailboxes"]]


def store(api, google, address=KIM):
    """As if the mailbox had been synced: its ids are known, and one has its row."""
    for message in google.admin("GET", f"mailboxes/{address}/messages")["messages"]:
        ids = (message["id"], message["threadId"])
        api.rows(
            "INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, origin, fate)"
            " SELECT id, %s, %s, 'listing', 'stored' FROM mailboxes RETURNING 1",
            *ids,
        )
        api.rows(
            "INSERT INTO emails (mailbox_id, gmail_id, tenant_id, thread_id, history_id,"
            ' "references", subject, recipients, direction, internal_date, label_ids, snippet,'
            " text, html, reply_text, size, is_auto_reply, is_bounce, is_list, has_attachment,"
            " sanitized, search_vector, facet_id)"
            " SELECT id, %s, tenant_id, %s, 1, '{}', '', '[]', 'inbound', now(), '{}', '', '', '',"
            " '', 1, false, false, false, false, false, '', 0 FROM mailboxes RETURNING 1",
            *ids,
        )


def test_connecting_a_successor_says_so_and_keeps_the_predecessor(api, google, kim):
    """The answer names the account that was replaced, and both mailboxes are shown, the former
    marked; nothing is asked of it any more (case 09, edge cases 39 and 91).
    """
    api.connect("tenant-1", kim)
    store(api, google)
    body = api.connect("tenant-1", google.admin("POST", f"mailboxes/{KIM}/recreate")).json()
    (connected,) = body["mailboxes"]
    assert (connected["reconnected"], connected["replacedAccount"]) == (False, True)
    living, former = shown(api)
    assert (living["state"], former["state"]) == ("active", "replaced")
    assert (living["formerAccount"], former["formerAccount"]) == (False, True)
    assert living["address"] == former["address"] == KIM
    assert living["replacedPredecessorAt"] == former["replacedAt"]
    assert former["watch"] == "off"
    assert "stays" in former["action"]
    truth = google.admin("GET", f"mailboxes/{KIM}")["historyId"]
    assert (living["checkpoint"], body["incrementalJobId"]) == (truth, None)
    again = api.connect("tenant-1", google.admin("POST", f"mailboxes/{KIM}/tokens")).json()
    assert again["mailboxes"][0]["reconnected"]
    assert len(shown(api)) == 2


def test_connecting_a_reset_mailbox_keeps_it(api, google, kim):
    """Where known mail is there, a lower history id makes no other account (edge case 90)."""
    api.connect("tenant-1", kim)
    store(api, google)
    google.admin("POST", f"mailboxes/{KIM}/history/restart")
    (connected,) = api.connect("tenant-1", kim).json()["mailboxes"]
    assert (connected["reconnected"], connected["replacedAccount"]) == (True, False)
    assert len(shown(api)) == 1


def test_connecting_a_renamed_account_renews_its_mailbox(api, google, kim):
    """The answer names the former address; there is one mailbox, one credential (case 10, edge case
    92).
    """
    api.connect("tenant-1", kim)
    store(api, google)
    google.admin("POST", f"mailboxes/{KIM}/rename", {"address": NEW})
    tokens = google.admin("POST", f"mailboxes/{NEW}/tokens")
    (connected,) = api.connect("tenant-1", tokens).json()["mailboxes"]
    assert (connected["address"], connected["formerAddress"]) == (NEW, KIM)
    assert connected["reconnected"]
    (mailbox,) = shown(api)
    assert mailbox["formerAddresses"] == mailbox["aliases"] == [KIM]
    assert mailbox["renamedAt"] is not None
    assert api.rows("SELECT subject, generation FROM integrations") == [(NEW, 2)]


@pytest.mark.usefixtures("kim")
@pytest.mark.parametrize("works", [True, False])
def test_a_service_accounts_mailbox_is_renamed(api, google, works):
    """The mailbox of a delegated account is known again under its new address, whether Google still
    takes the former one as a subject or not (case 10, edge case 92).
    """
    account = google.admin(
        "POST",
        "service-accounts",
        {"email": "sync@p.iam.gserviceaccount.com", "domains": ["crm.test"]},
    )
    keys = {"serviceAccountKey": account.get("keyFile", account), "impersonatedUserEmail": KIM}
    body = {"tenantId": "tenant-1", "authType": "service_account", "keys": keys}
    assert api.call("POST", "/api/integrations", body).status_code == 201
    store(api, google)
    google.admin("POST", f"mailboxes/{KIM}/rename", {"address": NEW, "subjectWorks": works})
    keys["impersonatedUserEmail"] = KIM if works else NEW
    answer = api.call("POST", "/api/integrations", body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["mailboxes"][0]["address"] == NEW
    assert api.rows("SELECT address, former_addresses FROM mailboxes") == [(NEW, [KIM])]
    assert api.rows("SELECT subject FROM integrations") == [("sync@p.iam.gserviceaccount.com",)]
