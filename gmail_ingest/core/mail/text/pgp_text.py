"""Text that OpenPGP has signed or encrypted within the text of a mail.

Holds: ``without_armour`` and ``is_encrypted``.
Add here: another form of OpenPGP in plain text.
Keep out: OpenPGP in parts of its own (``content_kind``), keys.
Source: RFC 9580, 6.2 (armour) and 7 (cleartext signatures).
"""

import re

#: How every form begins; ``in`` quickly rules out ordinary mail.
MARK = "-----BEGIN PGP"

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_END = "-----END PGP SIGNATURE-----"
_ARMOUR_HEADER = re.compile(r"[A-Za-z][A-Za-z-]{0,40}: ")
_ENCRYPTED = re.compile(
    r"^-----BEGIN PGP MESSAGE(?:, PART [\d/]{1,20})?-----[ \t]{0,20}$", re.MULTILINE
)
# With more lines before it, a block is quoted or discussed.
_LINES_BEFORE = 10


def without_armour(text: str) -> str:
    """Return a text without the marks of a cleartext signature.

    Args:
        text: The text of a mail; line feeds end its lines.

    Returns:
        The signed text as its author wrote it, without signature blocks; unchanged where nothing is
        signed. Quoted marks (``> -----BEGIN``) stay: they are quoted text.
    """
    if _SIGNED not in text:
        return text
    kept: list[str] = []
    state = "outside"
    for line in text.split("\n"):
        mark = line.rstrip()
        if state == "signature" and (mark == _END or _is_armour(mark)):
            state = "outside" if mark == _END else state
        elif state == "header" and (not mark or not _ARMOUR_HEADER.match(line)):
            state = "signed"
            if mark:
                kept.append(line.removeprefix("- "))
        elif state == "header":
            continue
        elif mark == _SIGNED:
            state = "header"
        elif state == "signed" and mark == _SIGNATURE:
            state = "signature"
        else:
            # A signature without its end line may have the sender's words behind it.
            state = "outside" if state == "signature" else state
            kept.append(line.removeprefix("- ") if state == "signed" else line)
    return "\n".join(kept)


def _is_armour(line: str) -> bool:
    return " " not in line or bool(_ARMOUR_HEADER.match(line))


def is_encrypted(text: str) -> bool:
    """Tell whether a text is an encrypted message of OpenPGP.

    Args:
        text: The text of a mail; line feeds end its lines.

    Returns:
        True for a block that begins on one of the first lines and is not quoted.
    """
    found = _ENCRYPTED.search(text) if MARK in text else None
    if found is None:
        return False
    lines = (line for line in text[: found.start()].split("\n") if line.strip())
    return sum(1 for _ in lines) <= _LINES_BEFORE
