"""users.watch and users.stop.

Holds: both methods, from a checked call to JSON. Add here: nothing else. Keep out: when a watched
mailbox notifies (``watches``).
Source: docs/google.md#watches.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from gmail_sandbox.api.gmail_calls import Answer, Call
from gmail_sandbox.push.watches import Watches
from gmail_sandbox.wire.google_errors import GoogleRefusalError


def watch_answers(watches: Watches) -> Mapping[str, Answer]:
    """Return the answers of both methods over these watches."""

    def watch(call: Call) -> bytes:
        topic = call.body.get("topicName")
        if not topic:
            raise GoogleRefusalError("invalid_argument", detail="Missing required field: topicName")
        labels = call.body.get("labelIds", [])
        known = {label["id"] for label in call.mailbox.labels()}
        for label in labels:
            if label not in known:
                raise GoogleRefusalError("invalid_label", detail=label)
        behaviour = call.body.get("labelFilterBehavior") or call.body.get("labelFilterAction")
        ends = watches.begin(call.mailbox, topic, labels=labels, exclude=behaviour == "exclude")
        history_id = str(call.mailbox.history_id)
        return orjson.dumps({"historyId": history_id, "expiration": str(ends)})

    def stop(call: Call) -> None:
        watches.end(call.mailbox)

    return {"gmail.users.watch": watch, "gmail.users.stop": stop}
