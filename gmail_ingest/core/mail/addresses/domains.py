"""Domains in one form, for comparison: ``bücher.example`` is ``xn--bcher-kva.example``.

Holds: ``ascii_domain``, ``readable_domain``, ``canonical_address``, ``spellings_of`` and
``organisation_of``.
Add here: another way to write one and the same domain.
Keep out: which address of the owner is which (``addresses.fold_address``), DNS.
Source: RFC 5890 to 5892 (IDNA 2008), UTS 46 (case and width). The library ``idna`` and not
Python's codec: the codec is IDNA 2003, under which ``straße`` is another owner's ``strasse``.
"""

import re
import unicodedata
from functools import lru_cache

import idna

#: RFC 1035; a longer one is no domain, and is not converted.
_MAX_DOMAIN_CHARS = 255
#: The dots of RFC 3490, which keyboards of East Asia write.
_DOTS = re.compile("[\u3002\uff0e\uff61]")
_ACE = "xn--"
_PLAIN_LABEL = re.compile(r"[a-z0-9_-]*")
#: Second levels under which a country registers domains (``co.uk``, ``com.br``, ``ne.jp``).
_SHARED = frozenset(
    {"ac", "co", "com", "edu", "go", "gob", "gouv", "gov", "ne", "net", "nom", "or", "org"}
)
_COUNTRY = 2
# RFC 5322: what needs no quotes. Letters beyond ASCII are allowed by RFC 6532.
_DOT_ATOM = re.compile(r"[^\s\"(),.:;<>@\[\\\]]+(?:\.[^\s\"(),.:;<>@\[\\\]]+)*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def ascii_domain(domain: str) -> str:
    """Return a domain as the DNS has it.

    Args:
        domain: In any case and spelling, with or without its last dot.

    Returns:
        Lower-cased, labels beyond ASCII as ``xn--``. A label that IDNA refuses (an emoji) is
        converted without its rules, so that it still equals its other spelling.
    """
    if domain.isascii():
        return domain.lower().rstrip(".")
    return _ascii(domain)


def readable_domain(domain: str) -> str:
    """Return a domain in letters: the other spelling of what ``ascii_domain`` returns.

    Args:
        domain: As for ``ascii_domain``.

    Returns:
        Lower-cased, labels that begin with ``xn--`` decoded where that is possible.
    """
    known = ascii_domain(domain)
    return _readable(known) if _ACE in known else known


def canonical_address(address: str) -> str:
    """Return the form in which two spellings of one address are equal. For comparison only.

    Args:
        address: In any case.

    Returns:
        Lower-cased, the domain as the DNS has it, without quotes that the local part does not
        need (RFC 5322 section 3.4.1: ``"ann"@x.example`` is ``ann@x.example``).
    """
    if address.isascii() and '"' not in address:
        return address.lower().rstrip(".")
    local, at, domain = normal(address).rpartition("@")
    if len(local) > 1 and local[0] == local[-1] == '"':
        bare = _ESCAPED.sub(r"\1", local[1:-1])
        local = bare if _DOT_ATOM.fullmatch(bare) else local
    return f"{local}{at}{ascii_domain(domain)}"


# A mailbox has mail of the same few people.
@lru_cache(maxsize=2048)
def spellings_of(address: str) -> tuple[str, ...]:
    """Return the spellings under which this address may be stored.

    Args:
        address: In any case and spelling.

    Returns:
        The canonical address and, where the domain can be written in letters, that form too. For
        nearly all addresses these are one.
    """
    known = canonical_address(address)
    if known.isascii() and _ACE not in known and '"' not in address:
        return (known,)
    local, at, domain = known.rpartition("@")
    forms = dict.fromkeys((known, f"{local}{at}{readable_domain(domain)}"))
    # Stored addresses keep quotes that are not needed.
    if address.lstrip().startswith('"'):
        quoted, at, _ = normal(address.strip()).rpartition("@")
        forms |= dict.fromkeys(f"{quoted}{at}{form.rpartition('@')[2]}" for form in list(forms))
    return tuple(forms)


def normal(text: str) -> str:
    """Return an address or domain in lower case and with each character written in one way."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).lower()


def organisation_of(domain: str) -> str:
    """Return the part of a domain that one owner registers, by its shape.

    Args:
        domain: In any spelling.

    Returns:
        The last two labels, or three below a country's ``co``, ``com`` and the like. A guess: it
        may take two owners for one (``blogs.example``), which is the safe error for its callers.
    """
    labels = ascii_domain(domain).split(".")
    shared = len(labels[-1]) == _COUNTRY and len(labels) > _COUNTRY and labels[-2] in _SHARED
    return ".".join(labels[-3:] if shared else labels[-2:])


@lru_cache(maxsize=4096)
def _ascii(domain: str) -> str:
    if len(domain) > _MAX_DOMAIN_CHARS:
        return domain.lower()
    labels = _DOTS.sub(".", domain).rstrip(".").split(".")
    return ".".join(label.lower() if label.isascii() else _a_label(label) for label in labels)


def _a_label(label: str) -> str:
    try:
        mapped = idna.uts46_remap(label, std3_rules=False)
        if not mapped.isascii():
            return idna.alabel(mapped).decode("ascii")
        # A sign that is mapped to several characters must not bring in marks like ``@`` or ``.``.
        if _PLAIN_LABEL.fullmatch(mapped):
            return mapped
    except idna.IDNAError:
        pass
    return _ACE + normal(label).encode("punycode").decode("ascii")


@lru_cache(maxsize=4096)
def _readable(domain: str) -> str:
    return ".".join(
        _u_label(label) if label.startswith(_ACE) else label for label in domain.split(".")
    )


def _u_label(label: str) -> str:
    try:
        return idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        pass
    try:
        found = label.removeprefix(_ACE).encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    # It is the same domain only if it encodes to the same label.
    return found if found.isprintable() and _a_label(found) == label else label
