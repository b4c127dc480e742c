from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_sandbox.api.fields import apply_mask, compile_mask
from gmail_sandbox.wire.google_errors import GoogleRefusalError

MESSAGE = {
    "id": "1",
    "threadId": "2",
    "payload": {
        "mimeType": "text/plain",
        "headers": [{"name": "To", "value": "a"}, {"name": "Cc", "value": "b"}],
        "body": {"size": 3, "data": "YWJj"},
    },
}
TYPE_AND_SIZE = {"payload": {"mimeType": "text/plain", "body": {"size": 3}}}


@pytest.mark.parametrize(
    ("mask", "kept"),
    [
        ("id", {"id": "1"}),
        (" id , threadId ", {"id": "1", "threadId": "2"}),
        ("payload/headers/name", {"payload": {"headers": [{"name": "To"}, {"name": "Cc"}]}}),
        ("payload(body(size),mimeType)", TYPE_AND_SIZE),
        ("payload/body,payload/body/size", {"payload": {"body": {"size": 3, "data": "YWJj"}}}),
        ("payload/body/size,payload/mimeType", TYPE_AND_SIZE),
        ("payload/*/size", {"payload": {**TYPE_AND_SIZE["payload"], "headers": [{}, {}]}}),
        ("*", MESSAGE),
    ],
)
def test_mask_keeps_what_it_names(mask, kept):
    """A mask keeps the named fields, at any depth, of objects and of lists."""
    assert apply_mask(MESSAGE, compile_mask(mask, "Message")) == kept


@pytest.mark.parametrize(
    "mask", ["subject", "id,", "payload(", "payload)", "payload()", "id/name", "a b", "id;x", ","]
)
def test_mask_that_makes_no_sense_is_refused(mask):
    """A mask with an unknown field or broken grammar is refused."""
    with pytest.raises(GoogleRefusalError) as refused:
        compile_mask(mask, "Message")
    assert refused.value.name == "invalid_fields"


@given(st.text(alphabet="idpayload/(),* bx", max_size=40))
def test_mask_is_understood_or_refused(text):
    """No text makes the reader of masks fail in any other way."""
    try:
        mask = compile_mask(text, "Message")
    except GoogleRefusalError:
        return
    assert set(apply_mask(MESSAGE, mask)) <= set(MESSAGE)
