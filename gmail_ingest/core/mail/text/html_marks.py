"""The markup by which mail programs name quoted mail, its introduction and signatures.

Holds: ``Mark``; ``PROGRAMS``: the selectors of each family of programs; ``HIDDEN``.
Add here: another program's classes or ids, with a line in the table of its tests.
Keep out: what follows from a mark (``html_regions``), the tree (``html_marking``).
Source: gmail_ingest_tests/core/reply_set: the HTML that these programs write.

Programs rename the classes and ids of mail that they quote (``x_``, ``yiv``, ``ydp`` before
them): a signature inside that mail is not taken for the sender's own.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class Mark(IntEnum):
    """What a part of the HTML is, by its markup."""

    #: Quoted mail as a whole; people type into it only by accident.
    QUOTE = 0
    #: Holds an introduction and quotes, perhaps with the sender's answers between them.
    CONTAINER = 1
    #: Quoted mail if inside a container or below an introduction; else the sender's own.
    NAMED_QUOTE = 2
    #: The same, but only its place distinguishes it from an indented paragraph.
    BARE_QUOTE = 3
    #: Introduces the quote right below.
    INTRODUCTION = 4
    #: Written by the program; people hardly ever type into it.
    SIGNATURE = 5
    #: People type into it: it is a signature only if the mail has other words of the sender.
    LOOSE_SIGNATURE = 6
    #: iOS gives this id to lines that are typed below a signature, too.
    APPLE_SIGNATURE = 7
    #: From here to the end of the mail, or of the quote around it, all is quoted.
    REST = 8


#: HTML (in lower case) without any of these or the next is not searched for marks. Each costs a
#: hundredth of the time for HTML. So programs are left out whose quotes begin with header fields or
#: a banner, which the text shows, and those that write a mark only beside a quote, which the next
#: list finds.
SIGNS_OF_MARKS: Final = ("signature", "rplyfwdmsg", "olk_src_body")
#: The same for quotes; "quote" alone would also be a word of the text.
SIGNS_OF_QUOTES: Final = ("<blockquote", "_quote", "quoted-content", '="quote"')

#: For each family, a part of the HTML (in lower case) without which no selector fits, and the
#: selectors.
PROGRAMS: Final[tuple[tuple[str, Mapping[Mark, tuple[str, ...]]], ...]] = (
    # Apple Mail, Thunderbird, Airmail, Front, Roundcube, Evolution, KMail, eM Client
    ("cite", {Mark.QUOTE: ('blockquote[type="cite"]',)}),
    # Gmail, and programs that write as it does: K-9, Superhuman, Mailspring, BlueMail
    (
        "gmail_",
        {
            Mark.INTRODUCTION: (".gmail_attr", "span.gmail_quote", ".gmail_quote_attribution"),
            Mark.NAMED_QUOTE: ("blockquote.gmail_quote",),
            Mark.CONTAINER: (".gmail_quote:not(blockquote)",),
            Mark.SIGNATURE: (".gmail_signature", '[data-smartmail="gmail_signature"]'),
        },
    ),
    # Thunderbird
    (
        "moz-",
        {
            Mark.INTRODUCTION: (".moz-cite-prefix",),
            Mark.CONTAINER: (".moz-forward-container",),
            Mark.SIGNATURE: (".moz-signature",),
        },
    ),
    # Outlook's web, mobile and Mac programs
    ("rplyfwdmsg", {Mark.REST: ('[id="divRplyFwdMsg"]',)}),
    ("reference-message", {Mark.QUOTE: ('[id="mail-editor-reference-message-container"]',)}),
    ("olk_src_body", {Mark.QUOTE: ('[id="OLK_SRC_BODY_SECTION"]',)}),
    (
        "signature",
        {
            Mark.LOOSE_SIGNATURE: (
                '[id="Signature"]',
                '[id="ms-outlook-mobile-signature"]',
                ".ms-outlook-mobile-signature",
                # Samsung, Mailspring, Edison
                '[id="composer_signature"]',
                ".composer_signature",
                "signature",
                '[id="edo-signature"]',
                # eM Client, HubSpot, Front, Missive, and what makes signatures for any program
                '[id="signature_old"]',
                ".hs_signature",
                ".front-signature",
                ".missive_signature",
                ".email-signature",
                ".mail-signature",
            ),
            Mark.SIGNATURE: (".k9mail-signature", ".sh-signature", '[fairemail="signature"]'),
        },
    ),
    ("applemailsignature", {Mark.APPLE_SIGNATURE: ('[id="AppleMailSignature"]',)}),
    # Yahoo, whose program renames classes and ids in the mail that it shows
    (
        "yahoo_",
        {
            Mark.QUOTE: ('[class*="yahoo_quoted"]', '[id*="yahoo_quoted"]'),
            Mark.LOOSE_SIGNATURE: (".yahoo_signature",),
        },
    ),
    ("iosymail", {Mark.QUOTE: ("blockquote.iosymail",)}),
    ("yiv", {Mark.NAMED_QUOTE: ('[id^="yiv"]',)}),
    ("ydp", {Mark.LOOSE_SIGNATURE: ('[class^="ydp"][class*="signature"]',)}),
    (
        "protonmail_",
        {
            Mark.NAMED_QUOTE: ("blockquote.protonmail_quote",),
            Mark.CONTAINER: (".protonmail_quote:not(blockquote)",),
            Mark.SIGNATURE: (".protonmail_signature_block",),
        },
    ),
    (
        "tutanota_",
        {
            Mark.QUOTE: ("blockquote.tutanota_quote",),
            Mark.CONTAINER: (".tutanota_quote:not(blockquote)",),
        },
    ),
    (
        "zmail",
        {
            Mark.QUOTE: ('[id="blockquote_zmail"]',),
            Mark.CONTAINER: (".zmail_extra",),
            Mark.LOOSE_SIGNATURE: (".zmail_signature_below",),
        },
    ),
    # Zoho's ids: its signature, and the introduction inside its container
    (
        "zm-_id_-sgn",
        {
            Mark.LOOSE_SIGNATURE: ('[id="Zm-_Id_-Sgn"]',),
            Mark.INTRODUCTION: ('[id="Zm-_Id_-Sgn1"]',),
        },
    ),
    # GMX and web.de
    ("quote", {Mark.QUOTE: ('div[name="quote"]', 'div[name="quoted-content"]')}),
    # Spark
    ("messagereplysection", {Mark.CONTAINER: ('[name="messageReplySection"]',)}),
    ("messagesignaturesection", {Mark.SIGNATURE: ('[name="messageSignatureSection"]',)}),
    # NetEase and QQ, Mail.ru, Zimbra
    ("isreplycontent", {Mark.QUOTE: ('[id="isReplyContent"]',)}),
    ("isforwardcontent", {Mark.QUOTE: ('[id="isForwardContent"]',)}),
    ("includetail", {Mark.QUOTE: ("includetail",)}),
    ("js-readmsg-msg", {Mark.NAMED_QUOTE: (".js-readmsg-msg",)}),
    (
        "data-marker",
        {
            Mark.QUOTE: ('[data-marker="__HEADERS__"]', '[data-marker="__QUOTED_TEXT__"]'),
            Mark.LOOSE_SIGNATURE: ('[data-marker^="__SIG_P"]',),
        },
    ),
    # Airmail, Roundcube, FairEmail
    ("airmail_", {Mark.INTRODUCTION: (".airmail_on", ".airmail_ext_on")}),
    ("bloop_sign", {Mark.LOOSE_SIGNATURE: (".bloop_sign",)}),
    ("reply-intro", {Mark.INTRODUCTION: ('[id="reply-intro"]',)}),
    ("fairemail", {Mark.CONTAINER: ('[fairemail="reply"]',)}),
    # Superhuman, Freshdesk, Missive
    ("sh-quoted-content", {Mark.CONTAINER: (".sh-quoted-content",)}),
    ("freshdesk_quote", {Mark.CONTAINER: (".freshdesk_quote",)}),
    ("missive_quote", {Mark.CONTAINER: (".missive_quote",)}),
    # Any other program. The last, because it also fits the quotes above
    ("<blockquote", {Mark.BARE_QUOTE: ("blockquote",)}),
)

#: A part (in lower case) of every sign in ``HIDDEN``.
SIGN_OF_HIDDEN: Final = "display:"
#: Hidden text, such as the preview line of newsletters. Each selector has before it a part of the
#: HTML (in lower case) without which it finds nothing.
HIDDEN: Final = (
    ("display:none", '[style*="display:none" i]'),
    ("display: none", '[style*="display: none" i]'),
)
