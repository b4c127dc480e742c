import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.adapters.crypto.key_ring import KeyRing
from gmail_ingest.adapters.crypto.sealing import AesGcmSealer
from gmail_ingest.errors import OperatorActionError

OLD = KeyRing("1", {"1": bytes(32)})
NEW = KeyRing("2", {"2": bytes(range(32)), "1": bytes(32)})


@given(st.binary(max_size=300), st.text(max_size=30), st.integers(0, 2**63 - 1))
def test_sealer_opens_what_it_sealed(plaintext, tenant_id, integration_id):
    """Any bytes come back for their own tenant and integration."""
    sealer = AesGcmSealer(NEW)
    sealed = sealer.seal(plaintext, tenant_id=tenant_id, integration_id=integration_id)
    assert sealer.open(sealed, tenant_id=tenant_id, integration_id=integration_id) == plaintext


@pytest.mark.parametrize(("tenant_id", "integration_id"), [("b", 1), ("a", 2), ("a\x00", 1)])
def test_sealer_refuses_another_tenant_or_integration(tenant_id, integration_id):
    """A credential that was copied to another row does not open there."""
    sealer = AesGcmSealer(NEW)
    sealed = sealer.seal(b"secret", tenant_id="a", integration_id=1)
    with pytest.raises(OperatorActionError, match="does not open"):
        sealer.open(sealed, tenant_id=tenant_id, integration_id=integration_id)


def test_sealer_refuses_every_changed_or_missing_byte():
    """No byte of a sealed credential, header included, can change or be cut off unnoticed."""
    sealer = AesGcmSealer(NEW)
    sealed = sealer.seal(b"secret", tenant_id="a", integration_id=1)
    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        for damaged in (bytes(changed), sealed[:index]):
            with pytest.raises(OperatorActionError):
                sealer.open(damaged, tenant_id="a", integration_id=1)


def test_sealer_never_repeats_a_seal():
    """Sealing the same twice gives different bytes, so rows tell nothing by being alike."""
    sealer = AesGcmSealer(NEW)
    seals = {sealer.seal(b"secret", tenant_id="a", integration_id=1) for _ in range(50)}
    assert len(seals) == 50


def test_sealer_opens_with_an_old_key_and_asks_for_a_reseal():
    """After a rotation old seals open and are reported as old; new ones are not."""
    sealed = AesGcmSealer(OLD).seal(b"secret", tenant_id="a", integration_id=1)
    rotated = AesGcmSealer(NEW)
    assert rotated.open(sealed, tenant_id="a", integration_id=1) == b"secret"
    assert rotated.needs_reseal(sealed)
    assert not rotated.needs_reseal(rotated.seal(b"secret", tenant_id="a", integration_id=1))


def test_sealer_names_the_version_of_a_key_that_was_removed():
    """A key that was removed too early is named, with the setting where it belongs."""
    sealed = AesGcmSealer(NEW).seal(b"secret", tenant_id="a", integration_id=1)
    with pytest.raises(OperatorActionError, match=r"version '2'.*ENCRYPTION_KEY"):
        AesGcmSealer(OLD).open(sealed, tenant_id="a", integration_id=1)
