import pytest

from gmail_ingest.adapters.postgres.accounts.api_keys import PostgresApiKeys, hash_key
from gmail_ingest.errors import InvalidInputError, NotFoundError
from webhook_api.base.auth import KeyRegister

OPEN = {"/healthz", "/readyz", "/webhooks/pubsub"}


def test_every_documented_path_refuses_a_missing_and_a_wrong_key(api):
    """Without a valid key all paths but health and push answer 401, before any body is judged."""
    paths = api.call("GET", "/openapi.json").json()["paths"]
    guarded = [(verb, path) for path in paths.keys() - OPEN for verb in paths[path]]
    assert len(guarded) >= 15
    for verb, path in guarded:
        for headers in ({}, {"X-API-Key": "gi_wrong"}, {"Authorization": "Bearer gi_wrong"}):
            answer = api.session.request(
                verb, api.url + path, headers=headers, data=b"{", timeout=9
            )
            assert answer.status_code == 401, (verb, path)
            assert answer.headers["content-type"] == "application/problem+json"


def test_unknown_paths_refuse_a_missing_key_too(api):
    """The gate names what is open: what is not named is closed, whether it exists or not."""
    for path in ("/api/nothing", "/admin", "/docs/assets", "//api/emails", "/API/emails"):
        assert api.session.get(api.url + path, timeout=9).status_code == 401


@pytest.mark.parametrize(
    "form", ["X-API-Key: {}", "Authorization: Bearer {}", "Authorization: bearer {}"]
)
def test_a_valid_key_passes_in_either_header(api, form):
    """Both ways of giving a key work."""
    name, _, value = form.format(api.key).partition(": ")
    answer = api.session.get(f"{api.url}/api/integrations/none", headers={name: value}, timeout=9)
    assert answer.status_code == 404


def test_no_keys_at_all_refuse_everything(serve, settings):
    """Fail closed: with an empty table nobody gets in, and an empty key is no key."""
    api = serve(settings, key=False)
    assert api.call("GET", "/api/integrations/none").status_code == 401


def test_key_register_accepts_a_new_key_after_a_second(run):
    """A key made while the sidecar runs works without a restart."""
    now, hashes = [0.0], [hash_key("one")]

    async def load() -> list[bytes]:
        return list(hashes)

    register = KeyRegister(load, clock=lambda: now[0])
    assert run(register.accepts("one"))
    hashes.append(hash_key("two"))
    now[0] = 1.0
    assert run(register.accepts("two"))


def test_key_register_forgets_a_revoked_key_within_thirty_seconds(run):
    """Hashes are believed for 30 seconds and not longer."""
    now, hashes = [0.0], [hash_key("one")]

    async def load() -> list[bytes]:
        return list(hashes)

    register = KeyRegister(load, clock=lambda: now[0])
    assert run(register.accepts("one"))
    hashes.clear()
    now[0] = 29.0
    assert run(register.accepts("one"))
    now[0] = 30.0
    assert not run(register.accepts("one"))


def test_key_register_reads_wrong_keys_once_a_second(run):
    """Guessing keys does not become load on the database."""
    loads: list[int] = []

    async def load() -> list[bytes]:
        loads.append(1)
        return []

    register = KeyRegister(load, clock=lambda: 5.0)
    for guess in range(100):
        assert not run(register.accepts(f"gi_{guess}"))
    assert len(loads) == 1


def test_api_keys_are_kept_as_hashes_and_revoked(engine, run):
    """A key is shown once; its name is never used again; a revoked one is not active."""
    keys = PostgresApiKeys(engine)
    key = run(keys.create("crm"))
    assert run(keys.active_hashes()) == [hash_key(key)]
    with pytest.raises(InvalidInputError):
        run(keys.create("crm"))
    run(keys.revoke("crm"))
    run(keys.revoke("crm"))
    assert run(keys.active_hashes()) == []
    (shown,) = run(keys.names())
    assert shown.name == "crm"
    assert shown.revoked_at is not None
    with pytest.raises(NotFoundError):
        run(keys.revoke("other"))
