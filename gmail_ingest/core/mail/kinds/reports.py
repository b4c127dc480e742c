"""Reports of mail servers: on deliveries, read receipts, complaints, figures.

Holds: ``report_of``. Add here: another kind of report, with what proves it.
Keep out: the fields of a delivery report (``delivery_status``), its words (``bounce_text``), where
its parts stand (``part_tree``).
Source: RFC 6522, RFC 3464, RFC 8098, RFC 5965, RFC 8460, RFC 7489; case 05, mail 31, 32, 34.

A bounce needs proof that delivery to somebody failed. The part for programs is proof, whatever the
text says. Without it the proof is X-Failed-Recipients; or a mail server as the sender, with words
or codes of a failure; or an empty Return-Path with a subject that says so and an address.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gmail_ingest.core.mail.addresses.address_list import parse_addresses
from gmail_ingest.core.mail.clean_text import TextCleaner
from gmail_ingest.core.mail.headers import Headers
from gmail_ingest.core.mail.kinds.bounce_text import ReportText, read_report_text, status_codes
from gmail_ingest.core.mail.kinds.delivery_status import (
    MAX_RECIPIENTS,
    failed_of,
    read_delivery_status,
)
from gmail_ingest.core.mail.message import Attachment, ContentKind, FailedRecipient, Participant
from gmail_ingest.core.mail.parts.bodies import decoded_text
from gmail_ingest.core.mail.parts.part_tree import SortedParts

_DAEMON = re.compile(
    r"(?:mail(?:er)?[-_.]?da?emon|mdaemon|post[-_.]?master|double-bounce|bounces?|mail[-_.]?delivery"
    r"(?:[-_.]?(?:sub)?system)?|microsoftexchange[0-9a-f]{32})(?:[-+.=_].{0,64})?"
)
_NAMELESS = re.compile(r"mail(?:er)?-?daemon|mail delivery (?:sub)?system", re.IGNORECASE)
_OF_LISTS = frozenset({"list-id", "list-unsubscribe"})
_DAEMON_NAMES = ("mail delivery s", "mailer-daemon", "mail router", "postmaster@")
#: What a part for programs is about, by its type: RFC 3464, 6533, 8098, 5965, 3886, 8460.
_KINDS: Mapping[str, str] = {
    "message/delivery-status": "delivery",
    "message/global-delivery-status": "delivery",
    "message/disposition-notification": "disposition",
    "message/global-disposition-notification": "disposition",
    "message/feedback-report": "feedback",
    "message/tracking-status": "figures",
    "application/tlsrpt+gzip": "figures",
    "application/tlsrpt+json": "figures",
}
_FIELD = "final-recipient:"
# Enough for a report about a thousand recipients.
_MAX_CHARS = 300_000
_REPORT_TYPE = re.compile(r"report-type\s{0,3}=\s{0,3}\"?([a-z0-9-]{1,40})", re.IGNORECASE)
_FEEDBACK_TYPE = re.compile(r"^feedback-type:\s*([a-z-]{1,40})", re.IGNORECASE | re.MULTILINE)
_ANSWERED = re.compile(r"(?:re|aw|sv|vs|antw|rv|res|rif|odp|fwd?|wg|tr|i|enc)\s?(?:\[\d+\])?:")
# google.com!example.org!1709596800!1709683199.zip, RFC 7489 section 7.2.1.1
_DMARC_FILE = re.compile(
    r"[^!\s]{1,255}![^!\s]{1,255}!\d{1,12}!\d{1,12}(?:![^!\s]{1,80})?\.\w{2,8}(?:\.gz)?"
)
_DMARC_SUBJECTS = ("report domain:", "[preview] report domain:", "dmarc aggregate report")
# Microsoft's complaints, which name no type: JMRP.
_JMRP_SUBJECT = "complaint about message from"


@dataclass(frozen=True, slots=True)
class Report:
    """A report and its failed recipients.

    Attributes:
        kind: delivery_report, read_receipt, complaint or report.
        is_bounce: Delivery to somebody failed.
        failed: The recipients, as far as they can be read.
    """

    kind: ContentKind
    is_bounce: bool = False
    failed: tuple[FailedRecipient, ...] = ()


# Not frozen: that takes a microsecond of every mail.
@dataclass(slots=True)
class Mail:
    """The facts of a mail that decide its kind.

    Attributes:
        headers: Its header fields.
        root_type: MIME type of the whole, lower-cased.
        participants: Whom the headers name.
        sender: The first of From.
        subject: Decoded.
        text: Its own, to read.
        attachments: Its files.
        parts: All its parts, sorted.
        owners: Addresses of the mailbox's owner.
        author: Address of who wrote it, ``""`` where nobody is named.
        bodies: Part id to content that was fetched separately.
    """

    headers: Headers
    root_type: str
    participants: tuple[Participant, ...]
    sender: Participant | None
    subject: str
    text: str
    attachments: tuple[Attachment, ...]
    parts: SortedParts
    owners: Collection[str]
    author: str
    bodies: Mapping[str, bytes]


def has_empty_return_path(headers: Headers) -> bool:
    """Tell whether the sending server wants no reports; a person's mail always has a Return-Path.

    Args:
        headers: The header fields of a mail.
    """
    return "return-path" in headers and not headers.first("return-path").strip("<> ")


def report_of(mail: Mail, cleaner: TextCleaner, *, asks_no_reports: bool) -> Report | None:
    """Return what a report says, or None for any other mail.

    Args:
        mail: The mail.
        cleaner: Makes texts storable.
        asks_no_reports: What ``has_empty_return_path`` says of it.
    """
    is_server = asks_no_reports or _is_of_a_daemon(mail)
    is_container = mail.root_type == "multipart/report"
    if is_server or is_container or "x-failed-recipients" in mail.headers:
        report = _report_of_a_server(mail, cleaner, is_container=is_container)
        if report is not None:
            return report
    return _report_without_a_container(mail)


def _report_of_a_server(mail: Mail, cleaner: TextCleaner, *, is_container: bool) -> Report | None:
    named = _report_type(mail.headers) if is_container else ""
    kinds = {_KINDS[mime_type] for mime_type in mail.parts.types if mime_type in _KINDS}
    if "delivery" not in kinds or named not in {"", "delivery-status"}:
        if "feedback" in kinds or named == "feedback-report":
            return Report(_kind_of_feedback(_said(mail, "feedback", cleaner)))
        if "disposition" in kinds or named == "disposition-notification":
            return Report("read_receipt")
        if "figures" in kinds or named not in {"", "delivery-status"}:
            return Report("report")
    return _delivery_report(mail, cleaner, is_container=is_container)


def _said(mail: Mail, kind: str, cleaner: TextCleaner) -> str:
    parts = (part for part in mail.parts.reports if _KINDS.get(part.mime_type) == kind)
    return "\n\n".join(decoded_text(part, mail.bodies, cleaner) for part in parts)[:_MAX_CHARS]


def _delivery_report(mail: Mail, cleaner: TextCleaner, *, is_container: bool) -> Report | None:
    said = _said(mail, "delivery", cleaner)
    if not said and (is_container or _is_of_a_daemon(mail)):
        # Some servers write the fields into the text.
        text = mail.text[:_MAX_CHARS]
        said = text if _FIELD in text.lower() else ""
    statuses = read_delivery_status(said)
    outcomes = {status.outcome for status in statuses}
    if "failed" in outcomes:
        failed = failed_of(statuses)[:MAX_RECIPIENTS]
        return Report("delivery_report", is_bounce=True, failed=failed or _failed_beside(mail))
    if "other" in outcomes:
        return Report("delivery_report")
    undecided = failed_of(statuses, "unknown")[:MAX_RECIPIENTS]
    return _report_in_words(mail, undecided, is_container=is_container)


def _report_in_words(
    mail: Mail, undecided: tuple[FailedRecipient, ...], *, is_container: bool
) -> Report | None:
    words = _words(mail)
    if words.verdict in {"delayed", "delivered"}:
        # A shop's parcels are "delivered", too; a server's report names an address.
        is_report = is_container or _is_of_a_daemon(mail) or (words.by_subject and "@" in mail.text)
        return Report("delivery_report") if is_report else None
    named = _header_recipients(mail)
    if named or _is_proven(mail, words, is_container=is_container):
        return Report("delivery_report", is_bounce=True, failed=named or undecided or words.failed)
    return Report("delivery_report") if is_container else None


def _is_proven(mail: Mail, words: ReportText, *, is_container: bool) -> bool:
    if is_container:
        return words.verdict == "failed" or (words.is_permanent and bool(words.failed))
    if _ANSWERED.match(mail.subject.lower()):
        return False
    if _is_of_a_daemon(mail):
        # A postmaster with a Return-Path may be a person who writes about failures.
        is_robot = mail.sender is None or not mail.sender.address.startswith("post")
        path = mail.headers.first("return-path").strip("<> ")
        says_so = words.by_subject or is_robot or not path
        refused = words.is_permanent and bool(words.failed)
        return (words.verdict == "failed" and says_so) or refused
    return words.verdict == "failed" and words.by_subject and bool(words.failed)


def _failed_beside(mail: Mail) -> tuple[FailedRecipient, ...]:
    """Return the failed recipients that a header or the text names, where the part for programs
    does not.
    """
    return _header_recipients(mail) or _words(mail).failed


def _words(mail: Mail) -> ReportText:
    others = {participant.address for participant in mail.participants} | set(mail.owners)
    return read_report_text(mail.subject, mail.text, others)


def _header_recipients(mail: Mail) -> tuple[FailedRecipient, ...]:
    values = mail.headers.every("x-failed-recipients")
    addresses = dict.fromkeys(
        person.address for value in values for person in parse_addresses(value)
    )
    if not addresses:
        return ()
    named = list(addresses)[:MAX_RECIPIENTS]
    codes = status_codes(mail.text, named)
    return tuple(FailedRecipient(address, "failed", codes.get(address)) for address in named)


def _is_of_a_daemon(mail: Mail) -> bool:
    if mail.sender is None:
        return _NAMELESS.search(mail.headers.first("from")[:200]) is not None
    local = mail.sender.address.rpartition("@")[0]
    if _DAEMON.fullmatch(local):
        # People and newsletters write as postmaster and bounces, too, but with a Return-Path.
        return not local.startswith(("post", "bounce")) or _may_be_a_report(mail)
    return mail.sender.name.lower().startswith(_DAEMON_NAMES) and _may_be_a_report(mail)


def _may_be_a_report(mail: Mail) -> bool:
    if mail.headers.has_any(_OF_LISTS):
        return False
    path = mail.headers.first("return-path").strip("<> ").lower()
    # A newsletter's return address is no daemon.
    return not path or (not path.startswith("bounce") and bool(_DAEMON.fullmatch(_local(path))))


def _local(address: str) -> str:
    return address.partition("@")[0]


def _report_type(headers: Headers) -> str:
    match = _REPORT_TYPE.search(headers.first("content-type")[:2_000])
    return match.group(1).lower().removeprefix("global-") if match else ""


def _kind_of_feedback(said: str) -> ContentKind:
    match = _FEEDBACK_TYPE.search(said)
    # RFC 6591: a failed authentication is no complaint of a person.
    is_figure = match is not None and match.group(1).lower() == "auth-failure"
    return "report" if is_figure else "complaint"


def _report_without_a_container(mail: Mail) -> Report | None:
    if "tls-report-domain" in mail.headers:
        return Report("report")
    subject = mail.subject.lower()
    if subject.startswith(_JMRP_SUBJECT) and mail.root_type.startswith("multipart/"):
        return Report("complaint")
    if mail.attachments and (
        subject.startswith(_DMARC_SUBJECTS)
        or any(
            "!" in attachment.filename and _DMARC_FILE.fullmatch(attachment.filename)
            for attachment in mail.attachments
        )
    ):
        return Report("report")
    return None
