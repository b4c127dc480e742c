"""The forms in which Gmail may serve certain parts: which one it uses is not known.

Holds: ``Forms``, the choice, and ``FormsInUse``, which can be changed while the sandbox runs.
Add here: another part whose form is not known, with the forms that reports name; the first is the
default. Keep out: how a form is made (``payload``, ``headers``).
Source: docs/sandbox.md#forms-that-are-not-known, which says where each is reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gmail_sandbox.wire.wire_model import WireModel

HeaderBytes = Literal["utf8", "latin1", "replaced"]


class Forms(WireModel):
    """The form of each thing. Mail is served in the forms that were chosen when it arrived.

    Attributes:
        enclosed_mail: message/rfc822 without a name: ``container`` (parts and size 0),
            ``attachmentId``, ``both``, or ``inline`` (its source as data).
        report: message/delivery-status and its kin: ``container`` (one text/plain below it),
            ``blocks`` (one for each recipient), ``inline`` or ``attachmentId``.
        global_headers: message/global-headers: ``inline`` or ``attachmentId``.
        lost_boundary: a multipart that names no boundary, or another than it uses: ``text``
            (text/plain of all that is in it), ``inline`` (its own type, with data) or ``empty``.
        header_bytes: 8-bit header fields: ``utf8`` (else Latin-1), ``latin1`` or ``replaced``.
        scheduled_labels: what mail carries that is to be sent later.
    """

    enclosed_mail: Literal["container", "attachmentId", "both", "inline"] = "container"
    report: Literal["container", "blocks", "inline", "attachmentId"] = "container"
    global_headers: Literal["inline", "attachmentId"] = "inline"
    lost_boundary: Literal["text", "inline", "empty"] = "text"
    header_bytes: HeaderBytes = "utf8"
    scheduled_labels: tuple[str, ...] = ("SCHEDULED",)


@dataclass(slots=True)
class FormsInUse:
    """The forms that mail which arrives now is served in."""

    current: Forms = field(default_factory=Forms)

    def change(self, given: Forms) -> None:
        """Take over what was set in a choice, and keep the rest.

        Args:
            given: the choice.
        """
        self.current = self.current.model_copy(update=given.model_dump(exclude_unset=True))
