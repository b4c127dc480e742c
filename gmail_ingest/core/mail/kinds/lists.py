"""Mail that came through a mailing list, and bulk mail.

Holds: ``is_list``. Add here: another header that list programs set.
Keep out: what the CRM does with such mail (exclusion rules).
Source: RFC 2919 (List-Id), RFC 2369 (List-Post, List-Unsubscribe), RFC 3834 section 3.1.8
(Precedence); mail 39.

The rule. A header that only list programs set (List-Id, List-Post and the like) is proof. Neither
List-Unsubscribe nor Precedence alone is: shops set the first on receipts, and tickets and vacation
answers have the second. Both together are bulk mail, and so is one of them with a header of a
campaign, or with a header or an address of a list program. A list of the owner's own domain to
which an outsider wrote is a shared inbox: its mail is the customer's own, and the list's headers do
not count.
"""

import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from gmail_ingest.core.mail.addresses.domains import organisation_of
from gmail_ingest.core.mail.headers import Headers

_PROOFS = frozenset((
    "list-id", "list-post", "list-archive", "list-subscribe", "list-owner", "mailing-list",
    "x-mailing-list", "x-google-group-id", "x-beenthere", "x-mailman-version", "x-ml-name",
    "x-mlserver", "x-ml-count", "x-listname", "x-list-id", "x-yahoo-groups-id", "x-ecartis-version",
    "x-sympa-to", "x-bulkmail", "x-groupsio-msgnum", "x-egroups-return",
))  # fmt: skip
_CAMPAIGNS = frozenset((
    "x-campaign", "x-campaign-id", "x-campaignid", "x-campaign_id", "x-mailin-campaign",
    "x-mc-user", "x-newsletter", "x-mailing-id", "x-mailingid", "x-csa-complaints",
    "x-cmail-campaign", "x-listmember", "x-job", "x-nl-id", "x-mailer-lid",
))  # fmt: skip
# Set by list programs, but no proof alone: LISTSERV's moderators, and help.
_BESIDE = frozenset({"approved-by", "list-help"})
_BULK = frozenset({"list", "bulk", "junk"})
_LIST_PROGRAM = re.compile(
    r"(?:owner|list-errors|errors)-.{1,200}"
    r"|.{1,200}-(?:owner|bounces?|return|request|errors)(?:[-+].{0,200})?"
    r"|(?:.{1,40}[-_.])?(?:listserv|majordomo|list-?manager|listmaster|ecartis|sympa|mailman"
    r"|(?:e-?)?news-?letters?|e-?news|marketing|mailings?)(?:[-_.+].{0,200})?"
)
# Return-Path of Majordomo, of Topica, and of Lyris with the list's name and the member's number.
# Other bounce addresses are no sign: shops' receipts have them, too.
_LIST_RETURN = re.compile(
    r"\s*<?(?:owner-|list-errors[-.])|\s*<?bounces?-[a-z][\w.]{0,60}-\d{1,20}@", re.IGNORECASE
)
_LEAVE = re.compile(r"\s*<mailto:leave-[a-z]", re.IGNORECASE)
_LIST_HOST = re.compile(
    r"(?:[\w-]{1,40}\.)?(?:lists?|mailings?|news|newsletters?|enews|elists?)\.[^.]+\."
)
_SENDERS = ("sender", "return-path", "from")
_MAX_VALUE = 400
_ADDRESS = re.compile(r"[^\s<>,;:\"@]{1,64}@([^\s<>,;:\"@]{1,255})")
# People of one provider are not colleagues.
_PROVIDERS = frozenset({"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com"})


def is_list(headers: Headers, author: str, owners: Collection[str]) -> bool:
    """Tell whether the mail came through a list or is bulk mail.

    Args:
        headers: The header fields of the mail.
        author: Address of who wrote it, ``""`` where nobody is named.
        owners: Addresses of the mailbox's owner.

    Returns:
        By the rule of this module.
    """
    if headers.has_any(_PROOFS):
        return not _is_shared_inbox(headers, author, owners) or _is_campaign(headers)
    named = "list-unsubscribe" in headers
    bulk = "precedence" in headers and headers.first("precedence").lower() in _BULK
    if named == bulk:
        return named
    return _is_campaign(headers) or _by_list_program(headers, _SENDERS if bulk else ("from",))


def _is_campaign(headers: Headers) -> bool:
    return headers.has_any(_CAMPAIGNS)


def _by_list_program(headers: Headers, senders: Collection[str]) -> bool:
    if headers.has_any(_BESIDE) or _LIST_RETURN.match(headers.first("return-path")):
        return True
    if _LEAVE.match(headers.first("list-unsubscribe")):
        return True
    return any(_is_list_address(headers.first(name)) for name in senders)


def _is_list_address(value: str) -> bool:
    local, _, domain = value[:_MAX_VALUE].lower().rpartition("<")[2].partition("@")
    return bool(_LIST_PROGRAM.fullmatch(local.strip()) or _LIST_HOST.match(domain))


def _is_shared_inbox(headers: Headers, author: str, owners: Collection[str]) -> bool:
    homes = _organisations(tuple(owners))
    named = headers.first("list-id").lower()
    # Most lists are of another domain, and say so in their name.
    if not author or (named.isascii() and named and not any(home in named for home in homes)):
        return False
    if not homes or organisation_of(author.rpartition("@")[2]) in homes:
        return False
    lists = {organisation_of(list_domain) for list_domain in _list_domains(headers)}
    return bool(lists) and lists <= homes


def _list_domains(headers: Headers) -> Iterator[str]:
    for value in headers.every("list-id"):
        # A List-Id is the list's address with a dot in place of its @ (RFC 2919, by custom).
        yield value[-_MAX_VALUE:].lower().rpartition("<")[2].partition(">")[0].strip()
    for name in ("list-post", "mailing-list", "x-beenthere"):
        if name in headers:
            match = _ADDRESS.search(headers.first(name)[:_MAX_VALUE].lower())
            if match and not match.group(1).endswith("googlegroups.com"):
                yield match.group(1)


@lru_cache(maxsize=1024)
def _organisations(owners: tuple[str, ...]) -> frozenset[str]:
    return frozenset(organisation_of(owner.rpartition("@")[2]) for owner in owners) - _PROVIDERS
