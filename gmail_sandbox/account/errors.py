"""What the mailbox model refuses, by type.

Holds: one error type per refusal that Gmail's API knows, free of HTTP.
Add here: a type when a new refusal needs its own Google answer. Keep out: status codes and error
bodies (the API maps each type to them); no text has an address, subject or body.
Source: docs/google.md#error-bodies.
"""


class SandboxError(Exception):
    """Base of every refusal of the mailbox model."""


class UnknownMessageError(SandboxError):
    """The mailbox has no message of this id (Google: 404 notFound)."""


class UnknownThreadError(SandboxError):
    """The mailbox has no thread of this id (Google: 404 notFound)."""


class UnknownLabelError(SandboxError):
    """The mailbox has no label of this id (Google: 404 on labels.get, 400 in a parameter)."""


class LabelConflictError(SandboxError):
    """A label of this name exists, or the label belongs to the system (Google: 409, 400)."""


class UnknownAttachmentError(SandboxError):
    """The attachment id is not of this message, or too old (Google: 400 or 404)."""


class HistoryExpiredError(SandboxError):
    """The start history id is older than what is kept (Google: 404 notFound)."""


class UnknownStartError(HistoryExpiredError):
    """The start history id is beyond the mailbox's own, and Google calls it invalid (400)."""


class InvalidQueryError(SandboxError):
    """The search query cannot be understood (Google: 400 invalidArgument)."""
