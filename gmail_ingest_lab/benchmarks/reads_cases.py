"""Requests of the reading benchmark: every filter, frequent and rare, and pairs that exclude each
other.

Holds: ``LISTS`` and ``SEARCHES``. Add here: a filter, with a case where it leaves much, one where
it leaves little, and one where it contradicts a frequent other. Keep out: measuring (``reads.py``).
Words and people are those of ``reads_rows.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from gmail_ingest_lab.benchmarks.reads_rows import RARE_LABEL

_FIRST_OWNER, _LAST_OWNER = "owner1@reads-main.test", "owner24@reads-main.test"
_MOST, _SELDOM = "person1@shop.test", "person19998@shop.test"
_MONTH = {"from": "2022-03-01T00:00:00Z", "to": "2022-04-01T00:00:00Z"}
_FILES = {"hasAttachment": "true"}
_STARRED, _PROMOTIONS = {"label": "STARRED"}, {"label": "CATEGORY_PROMOTIONS"}

Cases = Mapping[str, Mapping[str, str]]

#: Parameters of /api/emails beside the tenant, by the case's name.
LISTS: Cases = {
    "all": {},
    "with spam and trash": {"includeSpamTrash": "true"},
    "busy mailbox": {"mailbox": _FIRST_OWNER},
    "quiet mailbox": {"mailbox": _LAST_OWNER},
    "frequent label": {"label": "INBOX"},
    "label on 1 %": _STARRED,
    "user's label on 0.4 %": {"label": "Label_24"},
    "label on 1 in 100,000": {"label": RARE_LABEL},
    "label on none": {"label": "Label_none"},
    "trash": {"label": "TRASH", "includeSpamTrash": "true"},
    "frequent direction": {"direction": "inbound"},
    "rare direction": {"direction": "self"},
    "with files": _FILES,
    "without files": {"hasAttachment": "false"},
    "frequent participant": {"participant": _FIRST_OWNER},
    "participant of some": {"participant": _MOST},
    "rare participant": {"participant": _SELDOM},
    "month": _MONTH,
    "month without mail": {"from": "2010-03-01T00:00:00Z", "to": "2010-04-01T00:00:00Z"},
    "inbox, but outbound": {"label": "INBOX", "direction": "outbound"},
    "sent, but inbound": {"label": "SENT", "direction": "inbound"},
    "starred with files": _STARRED | _FILES,
    "starred with files to self": _STARRED | _FILES | {"direction": "self"},
    "starred with files in a month": _STARRED | _FILES | _MONTH,
    "owner in a mailbox that is not theirs": {
        "participant": _FIRST_OWNER,
        "mailbox": _LAST_OWNER,
        "direction": "inbound",
    },
    "owner with promotions": {"participant": _FIRST_OWNER} | _PROMOTIONS,
    "owner with a rare label": {"participant": _FIRST_OWNER, "label": RARE_LABEL},
    "participant with files of social": {"participant": _MOST, "label": "CATEGORY_SOCIAL"} | _FILES,
}
SEARCHES: Cases = {
    "word of every second mail": {"q": "quartz"},
    "word of 1 %": {"q": "feldspar"},
    "word of 1 in 10,000": {"q": "mica"},
    "word of three mails": {"q": "opal"},
    "word of none": {"q": "unobtainium"},
    "frequent word, none since years": {"q": "garnet"},
    "frequent and 1 %": {"q": "quartz feldspar"},
    "frequent and rare": {"q": "quartz opal"},
    "1 % and 1 in 10,000": {"q": "feldspar mica"},
    "frequent words that never meet": {"q": "alpha omega"},
    "either of two": {"q": "alpha or omega"},
    "not a frequent word": {"q": "-quartz"},
    "frequent in a rare label": {"q": "quartz", "label": RARE_LABEL},
    "frequent in starred": {"q": "quartz"} | _STARRED,
    "frequent, in no promotion, in promotions": {"q": "pyrite"} | _PROMOTIONS,
    "1 % in the inbox": {"q": "feldspar", "label": "INBOX"},
    "1 in 10,000, outbound": {"q": "mica", "direction": "outbound"},
    "frequent with files": {"q": "quartz"} | _FILES,
    "frequent, frequent participant": {"q": "quartz", "participant": _FIRST_OWNER},
    "1 %, rare participant": {"q": "feldspar", "participant": _SELDOM},
    "1 in 10,000, frequent participant": {"q": "mica", "participant": _FIRST_OWNER},
    "frequent in a month": {"q": "garnet"} | _MONTH,
    "beginning of one letter": {"q": "b*"},
    "beginning of one letter in a rare label": {"q": "b*", "label": RARE_LABEL},
    "beginning of one letter, and a word of none": {"q": "b* unobtainium"},
    "beginning of a word of 1 %": {"q": "felds*"},
    "beginning of a number, of 1 in 100": {"q": "no77*"},
}
