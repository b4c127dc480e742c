import concurrent.futures

import google_crc32c
import grpc
import pytest
from google.cloud.secretmanager import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcTransport,
)
from google.cloud.secretmanager_v1.types import (
    AccessSecretVersionRequest,
    AccessSecretVersionResponse,
    SecretPayload,
)

from gmail_ingest.adapters.secrets.encryption_key import access, read_encryption_key
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.settings import Settings

NAME = "projects/p/secrets/s/versions/3"


def settings(**values: str) -> Settings:
    return Settings(_env_file=None, **values)


@pytest.fixture
def secret_manager():
    """Secret Manager's own protocol on a local port; ``answers`` maps names to payloads."""
    answers: dict[str, SecretPayload] = {}

    def answer(request: AccessSecretVersionRequest, context: grpc.ServicerContext):
        if request.name not in answers:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")
        return AccessSecretVersionResponse(name=request.name, payload=answers[request.name])

    method = grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=AccessSecretVersionRequest.deserialize,
        response_serializer=AccessSecretVersionResponse.serialize,
    )
    service = "google.cloud.secretmanager.v1.SecretManagerService"
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {"AccessSecretVersion": method}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    yield (
        SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=channel)),
        answers,
    )
    channel.close()
    server.stop(None).wait()


def test_encryption_key_comes_from_the_environment():
    """ENCRYPTION_KEY alone is the key."""
    assert read_encryption_key(settings(encryption_key="abc")) == b"abc"


def test_encryption_key_comes_from_the_named_secret():
    """ENCRYPTION_KEY_SECRET alone names where the key is read."""
    found = read_encryption_key(
        settings(encryption_key_secret=NAME), lambda name: f"read {name}".encode()
    )
    assert found == f"read {NAME}".encode()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "no encryption key"),
        ({"encryption_key": "abc", "encryption_key_secret": NAME}, "both set"),
    ],
)
def test_encryption_key_refuses_neither_and_both(values, reason, monkeypatch):
    """Without exactly one of both settings nothing starts, and both are named."""
    monkeypatch.delenv("ENCRYPTION_KEY", raising=False)
    monkeypatch.delenv("ENCRYPTION_KEY_SECRET", raising=False)
    with pytest.raises(ConfigurationError, match=reason) as caught:
        read_encryption_key(settings(**values))
    assert "ENCRYPTION_KEY_SECRET" in str(caught.value)


def test_secret_manager_gives_the_payload(secret_manager):
    """A version whose checksum is right is returned as it is."""
    client, answers = secret_manager
    key = bytes(range(32))
    answers[NAME] = SecretPayload(data=key, data_crc32c=google_crc32c.value(key))
    assert access(client, NAME) == key


def test_secret_manager_payload_with_a_wrong_checksum_is_refused(secret_manager):
    """A payload that was damaged on its way never becomes a key."""
    client, answers = secret_manager
    answers[NAME] = SecretPayload(data=b"damaged", data_crc32c=1)
    with pytest.raises(ConfigurationError, match="CRC-32C"):
        access(client, NAME)


def test_secret_manager_refusal_names_the_setting_and_the_role(secret_manager):
    """A version that may not be read is a configuration error that says what to grant."""
    client, _ = secret_manager
    with pytest.raises(ConfigurationError, match=r"ENCRYPTION_KEY_SECRET.*secretAccessor"):
        access(client, NAME)
