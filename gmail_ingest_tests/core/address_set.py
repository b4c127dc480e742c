"""Address headers as senders write them, and what a careful person reads in each.

Holds: ``PLAIN``, ``QUOTED``, ``WITHOUT_COMMAS``, ``BRACKETS``, ``COMMENTS``, ``GROUPS``,
``SCRIPTS``, ``ENCODED``, ``BROKEN`` and all of them as ``ADDRESSES``. Add here: a further header;
names are those of participants (decoded, tidied).
Keep out: roles and direction (``test_addresses.py``), who is the author (``test_authors.py``).
"""

from __future__ import annotations

#: (header value, ((name, address), ...))
Case = tuple[str, tuple[tuple[str, str], ...]]


def _one(value: str, address: str, name: str = "") -> Case:
    return value, ((name, address),)


def _none(*values: str) -> tuple[Case, ...]:
    return tuple((value, ()) for value in values)


def _two(value: str, *people: tuple[str, str]) -> Case:
    return value, people


PLAIN: tuple[Case, ...] = (
    _one("ann@x.example", "ann@x.example"),
    _one("ANN@X.Example", "ann@x.example"),
    _one("  ann@x.example\r\n", "ann@x.example"),
    _one("<ann@x.example>", "ann@x.example"),
    _one("Ann <ann@x.example>", "ann@x.example", "Ann"),
    _one("Ann<ann@x.example>", "ann@x.example", "Ann"),
    _one("Ann Lee\r\n\t<ann@x.example>", "ann@x.example", "Ann Lee"),
    _one("Ann   Lee <ann@x.example>", "ann@x.example", "Ann Lee"),
    _one("Ann\tLee <ann@x.example>", "ann@x.example", "Ann Lee"),
    _one("Ann\u00a0Lee\u00a0<ann@x.example>", "ann@x.example", "Ann Lee"),
    _one('"Ann Lee" <ann@x.example>', "ann@x.example", "Ann Lee"),
    _one('"Lee, Ann" <ann@x.example>', "ann@x.example", "Lee, Ann"),
    _one('"Ann (Sales)" <ann@x.example>', "ann@x.example", "Ann (Sales)"),
    _one('"Ann @ Acme" <ann@x.example>', "ann@x.example", "Ann @ Acme"),
    _one('"Ann <3" <ann@x.example>', "ann@x.example", "Ann <3"),
    _one('"" <ann@x.example>', "ann@x.example"),
    _one('"Ann \\"Annie\\" Lee" <ann@x.example>', "ann@x.example", 'Ann "Annie" Lee'),
    _one('"Ann\\\\Lee" <ann@x.example>', "ann@x.example", "Ann\\Lee"),
    _one("DOMAIN\\ann <ann@x.example>", "ann@x.example", "DOMAIN\\ann"),
    _one("A=B Consulting <info@x.example>", "info@x.example", "A=B Consulting"),
    _one("a=b=c <info@x.example>", "info@x.example", "a=b=c"),
    _one("1+1=2 <info@x.example>", "info@x.example", "1+1=2"),
    _one("Ann=?Lee <ann@x.example>", "ann@x.example", "Ann=?Lee"),
    _one("J. R. Smith <jr@x.example>", "jr@x.example", "J. R. Smith"),
    _one("O'Brien <o'brien@x.example>", "o'brien@x.example", "O'Brien"),
    _one("[SPAM] Ann <ann@x.example>", "ann@x.example", "[SPAM] Ann"),
    _one("Ann / Acme <ann@x.example>", "ann@x.example", "Ann / Acme"),
    _one("ann+crm@x.example", "ann+crm@x.example"),
    _one("ann_lee-x@x-y.example", "ann_lee-x@x-y.example"),
    _one("a!#$%&'*+/=?^_`{|}~-b@x.example", "a!#$%&'*+/=?^_`{|}~-b@x.example"),
    _one("ann@localhost", "ann@localhost"),
    _one("ann@a.b.c.d.example", "ann@a.b.c.d.example"),
    _one("ann@192.0.2.1", "ann@192.0.2.1"),
    _one("ann@[192.0.2.1]", "ann@[192.0.2.1]"),
    _one("Ann <ann@[192.0.2.1]>", "ann@[192.0.2.1]", "Ann"),
    _one("ann@[IPv6:2001:db8::1]", "ann@[ipv6:2001:db8::1]"),
    _one("Ann <ann@[IPv6:2001:db8::1]>", "ann@[ipv6:2001:db8::1]", "Ann"),
    _one("ann@x.example.", "ann@x.example"),
    _one("Ann <ann@x.example.>", "ann@x.example", "Ann"),
    _one("ann.lee.@docomo.example", "ann.lee.@docomo.example"),
    _one("ann..lee@docomo.example", "ann..lee@docomo.example"),
    _one("ann@my_host.example", "ann@my_host.example"),
    _one("prvs=12ab=ann@x.example", "prvs=12ab=ann@x.example"),
    _one("mailto:ann@x.example", "ann@x.example"),
    _one("<mailto:ann@x.example>", "ann@x.example"),
    _one("Ann <MAILTO:ann@x.example>", "ann@x.example", "Ann"),
    _one("Ann [mailto:ann@x.example]", "ann@x.example", "Ann"),
    _one("SMTP:ann@x.example", "ann@x.example"),
    _two("a@x.example,b@y.example", ("", "a@x.example"), ("", "b@y.example")),
    _two("A <a@x.example>, B <b@y.example>", ("A", "a@x.example"), ("B", "b@y.example")),
    _two('"A, X" <a@x.example>,b@y.example', ("A, X", "a@x.example"), ("", "b@y.example")),
    _two("a@x.example,, ,b@y.example,", ("", "a@x.example"), ("", "b@y.example")),
)

#: Local parts in quotes keep them: without, they are somebody else's.
QUOTED: tuple[Case, ...] = (
    _one('"front desk"@hotel.example', '"front desk"@hotel.example'),
    _one('<"front desk"@hotel.example>', '"front desk"@hotel.example'),
    _one('Desk <"Front Desk"@hotel.example>', '"front desk"@hotel.example', "Desk"),
    _one('"Desk" <"front desk"@hotel.example>', '"front desk"@hotel.example', "Desk"),
    _one('Hotel "front desk"@hotel.example', '"front desk"@hotel.example', "Hotel"),
    _one('"front desk" @hotel.example', '"front desk"@hotel.example'),
    _one('"bob@home"@x.example', '"bob@home"@x.example'),
    _one('Bob <"bob@home"@x.example>', '"bob@home"@x.example', "Bob"),
    _one('"a\\"b"@x.example', '"a\\"b"@x.example'),
    _one('<"a\\"b"@x.example>', '"a\\"b"@x.example'),
    _one('"a\\\\b"@x.example', '"a\\\\b"@x.example'),
    _one('"a,b"@x.example', '"a,b"@x.example'),
    _one('"a;b:c"@x.example', '"a;b:c"@x.example'),
    _one('"<a>"@x.example', '"<a>"@x.example'),
    _one('<"a>b"@x.example>', '"a>b"@x.example'),
    _one('"(a)"@x.example', '"(a)"@x.example'),
    _one('" "@x.example', '" "@x.example'),
    _one('"ann"@x.example', '"ann"@x.example'),
    _one('ann."the boss"@x.example', 'ann."the boss"@x.example'),
    _one('"the boss".ann@x.example', '"the boss".ann@x.example'),
    _one('"front desk"@[192.0.2.1]', '"front desk"@[192.0.2.1]'),
    _one('"ann@x.example"', "ann@x.example"),
    _one('"ann@x.example" <ann@x.example>', "ann@x.example"),
    _one("'ann@x.example'", "ann@x.example"),
    _one("<'ann@x.example'>", "ann@x.example"),
    _one("'ann@x.example' <ann@x.example>", "ann@x.example"),
    _one("'Ann' <ann@x.example>", "ann@x.example", "Ann"),
    _one("\"'Ann Lee'\" <ann@x.example>", "ann@x.example", "Ann Lee"),
    _one('"\\"Ann Lee\\"" <ann@x.example>', "ann@x.example", "Ann Lee"),
    _one("\"'Ann' via Support\" <s@x.example>", "s@x.example", "'Ann' via Support"),
    _one("'Ann' via Support <s@x.example>", "s@x.example", "'Ann' via Support"),
    _one("'Ann <ann@x.example>", "ann@x.example", "'Ann"),
    _one("Ann' <ann@x.example>", "ann@x.example", "Ann'"),
    _one("'Ann' and 'Bob' <ab@x.example>", "ab@x.example", "'Ann' and 'Bob'"),
    _one("'Pat O'Brien' <pat@x.example>", "pat@x.example", "Pat O'Brien"),
    _one("'Lee, Ann' <ann@x.example>", "ann@x.example", "Lee, Ann"),
    _one("<ann@x.example> <ann@x.example>", "ann@x.example"),
    _one('"<ann@x.example>" <ann@x.example>', "ann@x.example"),
    _two(
        '"front desk"@hotel.example, "back desk"@hotel.example',
        ("", '"front desk"@hotel.example'), ("", '"back desk"@hotel.example'),
    ),
    *_none('""@x.example', '"front desk@hotel.example', '"front\tdesk"@hotel.example'),
)  # fmt: skip

#: Two people are two, whatever stands between them.
WITHOUT_COMMAS: tuple[Case, ...] = (
    _two("Ben <b@x.example> Carl <c@y.example>", ("Ben", "b@x.example"), ("Carl", "c@y.example")),
    _two("A <a@x.example>B <b@y.example>", ("A", "a@x.example"), ("B", "b@y.example")),
    _two("<a@x.example> <b@y.example>", ("", "a@x.example"), ("", "b@y.example")),
    _two("<a@x.example><b@y.example>", ("", "a@x.example"), ("", "b@y.example")),
    _two("dora@x.example emil@y.example", ("", "dora@x.example"), ("", "emil@y.example")),
    _two("dora@x.example\r\n emil@y.example", ("", "dora@x.example"), ("", "emil@y.example")),
    _two("a@x.example; b@y.example", ("", "a@x.example"), ("", "b@y.example")),
    _two("a@x.example;b@y.example;", ("", "a@x.example"), ("", "b@y.example")),
    _two("A <a@x.example>; B <b@y.example>", ("A", "a@x.example"), ("B", "b@y.example")),
    _two("Ben <b@x.example> carl@y.example", ("Ben", "b@x.example"), ("", "carl@y.example")),
    _two("ben@x.example Carl <c@y.example>", ("ben@x.example Carl", "c@y.example")),
    _two(
        "A <a@x.example> b@y.example C <c@z.example>",
        ("A", "a@x.example"), ("", "b@y.example"), ("C", "c@z.example"),
    ),
    _two(
        'A <a@x.example> "B, Y" <b@y.example> C <c@z.example>',
        ("A", "a@x.example"), ("B, Y", "b@y.example"), ("C", "c@z.example"),
    ),
    _two("a@x.example (A) b@y.example (B)", ("A", "a@x.example"), ("B", "b@y.example")),
    _two("Ann a@x.example, Bob b@y.example", ("Ann", "a@x.example"), ("Bob", "b@y.example")),
    _two("a@x.example and b@y.example", ("", "a@x.example"), ("", "b@y.example")),
    _two("a@x.example / b@y.example", ("", "a@x.example"), ("", "b@y.example")),
    _two("A <a@x.example> & B <b@y.example>", ("A", "a@x.example"), ("B", "b@y.example")),
    _two("A <a@x.example> und B <b@y.example>", ("A", "a@x.example"), ("B", "b@y.example")),
    _one("Rock & Roll <a@x.example>", "a@x.example", "Rock & Roll"),
    _one("& Sons <a@x.example>", "a@x.example", "& Sons"),
    _one("<a@x.example>.", "a@x.example"),
    _one("- a@x.example -", "a@x.example"),
    _one("Moore, Keith <k@x.example>", "k@x.example", "Moore, Keith"),
    _one("Lee, Ann, Dr. <a@x.example>", "a@x.example", "Lee, Ann, Dr."),
    _one("Acme, Inc. <info@x.example>", "info@x.example", "Acme, Inc."),
    _two(
        "a@x.example, Moore, Keith <k@x.example>, Lee, Ann <l@x.example>",
        ("", "a@x.example"), ("Moore, Keith", "k@x.example"), ("Lee, Ann", "l@x.example"),
    ),
    _two("Moore, Keith; Ann <ann@x.example>", ("Ann", "ann@x.example")),
    _two('"Keith", Ann <ann@x.example>', ("Ann", "ann@x.example")),
    _two(
        "Moore, Keith <k@x.example>; Lee, Ann <l@x.example>",
        ("Moore, Keith", "k@x.example"), ("Lee, Ann", "l@x.example"),
    ),
    _one("Re: Ann <ann@x.example>", "ann@x.example", "Re: Ann"),
    _one("Shop: Orders <o@x.example>", "o@x.example", "Shop: Orders"),
    _one("12:30 Club <club@x.example>", "club@x.example", "12:30 Club"),
)  # fmt: skip

#: Words in angle brackets, and brackets without their other half.
BRACKETS: tuple[Case, ...] = (
    _one("Mail <x.example postmaster@x.example>", "postmaster@x.example", "Mail"),
    _one("Mail <the postmaster of postmaster@x.example>", "postmaster@x.example", "Mail"),
    _one("<Ann Lee ann@x.example>", "ann@x.example"),
    _one("Ann < ann@x.example >", "ann@x.example", "Ann"),
    _one("Ann <ann @x.example>", "ann@x.example", "Ann"),
    _one("Ann <ann@ x.example>", "ann@x.example", "Ann"),
    _one("Ann <ann @ x . example>", "ann@x.example", "Ann"),
    _one("Ann <ann@x\r\n .example>", "ann@x.example", "Ann"),
    _one("John <j.doe@test   . example>", "j.doe@test.example", "John"),
    _one("John <john . doe@x.example>", "john.doe@x.example", "John"),
    _one("John <john. doe@x.example>", "john.doe@x.example", "John"),
    _one("ann @ x.example", "ann@x.example"),
    _one("john . doe@x.example", "john.doe@x.example"),
    _one("ann@x . example", "ann@x.example"),
    _one("Dr. ann@x.example", "ann@x.example", "Dr."),
    _one("Ann Lee ann@x.example", "ann@x.example", "Ann Lee"),
    _one("Ann <<ann@x.example>>", "ann@x.example", "Ann"),
    _one("Ann <ann@x.example", "ann@x.example", "Ann"),
    _one("Ann ann@x.example>", "ann@x.example", "Ann"),
    _one("Ann <Bob <bob@x.example>", "bob@x.example", "Ann Bob"),
    _one("Ann <Lee, Bob <bob@x.example>", "bob@x.example", "Lee, Bob"),
    _two("Ann <a@x.example, Bob <b@y.example>", ("Ann", "a@x.example"), ("Bob", "b@y.example")),
    _two("<a@x.example, b@y.example>", ("", "a@x.example"), ("", "b@y.example")),
    _two("<a@x.example;b@y.example>", ("", "a@x.example"), ("", "b@y.example")),
    _two("<a@x.example b@y.example>", ("", "a@x.example"), ("", "b@y.example")),
    _one("<@a.example,@b.example:ann@x.example>", "ann@x.example"),
    _one("Ann <@relay.example:ann@x.example>", "ann@x.example", "Ann"),
    _one("<ann@x.example> Ann Lee", "ann@x.example", "Ann Lee"),
    _one("Ann <ann@x.example> Lee", "ann@x.example", "Ann"),
    _one("[ann@x.example]", "ann@x.example"),
    _one("ann@x.example]", "ann@x.example"),
    _one("\u201cann@x.example\u201d", "ann@x.example"),
    _one("{ann@x.example}", "ann@x.example"),
    _two("Ann <>, Bob <bob@x.example>", ("Bob", "bob@x.example")),
    *_none(
        "<>", "Ann <>", "Ann <ann>", "<undisclosed recipients>", "< >", "<", ">", "<<>>",
        "Undisclosed <undisclosed recipients@x.example>", "Undisclosed recipients@x.example",
    ),
)  # fmt: skip

COMMENTS: tuple[Case, ...] = (
    _one("ann@x.example (Ann Lee)", "ann@x.example", "Ann Lee"),
    _one("(Ann Lee) ann@x.example", "ann@x.example", "Ann Lee"),
    _one("<ann@x.example> (Ann Lee)", "ann@x.example", "Ann Lee"),
    _one("<ann@x.example (Ann Lee)>", "ann@x.example", "Ann Lee"),
    _one("Ann (Sales) <ann@x.example>", "ann@x.example", "Ann"),
    _one("Ann <ann@x.example> (Sales)", "ann@x.example", "Ann"),
    _one("Ann (Sales) Lee <ann@x.example>", "ann@x.example", "Ann Lee"),
    _one("Ann(Sales)Lee <ann@x.example>", "ann@x.example", "Ann Lee"),
    _one("ann@(office)x.example", "ann@x.example"),
    _one("ann(home)@x.example", "ann@x.example"),
    _one("ann@x(a).(b)example", "ann@x.example"),
    _one("Pete <pete(his account)@silly.test(his host)>", "pete@silly.test", "Pete"),
    _one("ann@x.example (Ann (the first) Lee)", "ann@x.example", "Ann (the first) Lee"),
    _one("ann@x.example (a \\) b)", "ann@x.example", "a ) b"),
    _one('ann@x.example (say "hi)', "ann@x.example", 'say "hi'),
    _one("ann@x.example (bob@y.example)", "ann@x.example", "bob@y.example"),
    _one("ann@x.example (a, b; c)", "ann@x.example", "a, b; c"),
    _one("ann@x.example ()", "ann@x.example"),
    _one("Ann (the first <ann@x.example>", "ann@x.example", "Ann the first"),
    _one("Ann \\(Sales\\) <ann@x.example>", "ann@x.example", "Ann (Sales)"),
    _one("Ann :) <ann@x.example>", "ann@x.example", "Ann :"),
    *_none("(ann@x.example)", "(ann@x.example) (bob@y.example)", "Ann (ann@x.example)"),
)

GROUPS: tuple[Case, ...] = (
    _two("Team: a@x.example, b@y.example;", ("", "a@x.example"), ("", "b@y.example")),
    _two('X: A <a@x.example>, "B, Y" <b@y.test>;', ("A", "a@x.example"), ("B, Y", "b@y.test")),
    _two("Team: a@x.example;, b@y.example", ("", "a@x.example"), ("", "b@y.example")),
    _two("Team:;, b@y.example", ("", "b@y.example")),
    _two("A: a@x.example; B: b@y.example;", ("", "a@x.example"), ("", "b@y.example")),
    _two('"The, Team": a@x.example;', ("", "a@x.example")),
    _two("Team: (nobody) a@x.example (Ann);", ("Ann", "a@x.example")),
    *_none(
        "Team:;", "undisclosed-recipients:;", "Undisclosed recipients:;", "Undisclosed recipients",
        "undisclosed-recipients:;@x.example", "unlisted-recipients:; (no To-header on input)",
        "Verborgene_Empfaenger:;", "destinataires inconnus:;", ":;", ";;;",
    ),
)  # fmt: skip

#: Other scripts: addresses of RFC 6532, domains in letters, and signs that nobody sees.
SCRIPTS: tuple[Case, ...] = (
    _one("ann@b\u00fccher.example", "ann@b\u00fccher.example"),
    _one("Ann <ANN@B\u00dcCHER.Example>", "ann@b\u00fccher.example", "Ann"),
    _one("ann@bu\u0308cher.example", "ann@b\u00fccher.example"),
    _one("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
    _one("ann@XN--BCHER-KVA.example", "ann@xn--bcher-kva.example"),
    _one("ann@b\u00fccher.example.", "ann@b\u00fccher.example"),
    _one("ann@stra\u00dfe.example", "ann@stra\u00dfe.example"),
    _one("ann@\u4f8b\u3048.jp", "ann@\u4f8b\u3048.jp"),
    _one("ann@\u4f8b\u3048\u3002jp", "ann@\u4f8b\u3048.jp"),
    _one("\u7528\u6237@\u4f8b\u5b50.\u516c\u53f8", "\u7528\u6237@\u4f8b\u5b50.\u516c\u53f8"),
    _one("\u7528\u6237 <a@x.example>", "a@x.example", "\u7528\u6237"),
    _one("\u0410\u043d\u044f@\u044f.\u0440\u0444", "\u0430\u043d\u044f@\u044f.\u0440\u0444"),
    _one("J\u00d6RG@x.example", "j\u00f6rg@x.example"),
    _one("jo\u0308rg@x.example", "j\u00f6rg@x.example"),
    _one("J\u00f6rg <j@x.example>", "j@x.example", "J\u00f6rg"),
    _one("J\u00c3\u00b6rg <j@x.example>", "j@x.example", "J\u00f6rg"),
    _one("M\u00fcller, J\u00f6rg <j@x.example>", "j@x.example", "M\u00fcller, J\u00f6rg"),
    _one("\u201eAnn\u201c <ann@x.example>", "ann@x.example", "\u201eAnn\u201c"),
    _one("ann@i\u2764.example", "ann@i\u2764.example"),
    _one("\U0001f600 Ann <ann@x.example>", "ann@x.example", "\U0001f600 Ann"),
    *_none(
        "ann\uff20x.example", "a\u200bnn@x.example", "ann@x\u200b.example", "\u202eann@x.example",
        "ann@x.exa\u202emple", "ann\u2060@x.example", "ann@x.ex\u00adample", "a\ufeffnn@x.example",
        "ann\u3164@x.example", "ann@x\u034f.example", "ann\x00@x.example", "ann\x07@x.example",
        "ann@x\uff0cexample\u300b",
    ),
)  # fmt: skip

ENCODED: tuple[Case, ...] = (
    _one("=?utf-8?Q?J=C3=B6rg?= <j@x.example>", "j@x.example", "J\u00f6rg"),
    _one("=?UTF-8?b?SsO2cmc=?= <j@x.example>", "j@x.example", "J\u00f6rg"),
    _one('"=?utf-8?Q?J=C3=B6rg?=" <j@x.example>', "j@x.example", "J\u00f6rg"),
    _one("=?utf-8?Q?M=C3=BCller=2C_J?= <j@x.example>", "j@x.example", "M\u00fcller, J"),
    _one("=?utf-8?Q?M=C3=BCller,_J?= <j@x.example>", "j@x.example", "M\u00fcller, J"),
    _one("=?utf-8?Q?M=C3=BCller, J?= <j@x.example>", "j@x.example", "M\u00fcller, J"),
    _one("=?utf-8?Q?J=C3?= =?utf-8?Q?=B6rg?= <j@x.example>", "j@x.example", "J\u00f6rg"),
    _one("=?utf-8?Q?J=C3=B6rg?= Lee <j@x.example>", "j@x.example", "J\u00f6rg Lee"),
    _one("=?utf-8?Q?J=C3=B6?=\r\n =?utf-8?Q?rg?= <j@x.example>", "j@x.example", "J\u00f6rg"),
    _one("=?iso-8859-1?Q?J=F6rg_\u00fc?= <j@x.example>", "j@x.example", "J\u00f6rg \u00fc"),
    _one("=?x-nobody?Q?J=F6rg?= <j@x.example>", "j@x.example", "J\u00f6rg"),
    _one("j@x.example (=?utf-8?Q?J=C3=B6rg?=)", "j@x.example", "J\u00f6rg"),
    _one("=?utf-8?Q?ann=40x.example?=", "ann@x.example"),
    _one("=?utf-8?Q?ann@x.example?=", "ann@x.example"),
    _one("=?utf-8?Q?Ann_=3Cann=40x.example=3E?=", "ann@x.example", "Ann"),
    _one("=?utf-8?Q?Ann_<ann?= =?utf-8?Q?@x.example>?=", "ann@x.example", "Ann"),
    _one("=?utf-8?Q?ann?=@x.example", "ann@x.example"),
    _one("=?utf-8?Q?bob=40y.example?= <ann@x.example>", "ann@x.example", "bob@y.example"),
    _one("=?utf-8?Q?ann=40x.example?= <ann@x.example>", "ann@x.example"),
    _one("=?utf-8?Q?A=0D=0ABcc:_x@y.example?= <a@x.example>", "a@x.example", "A Bcc: x@y.example"),
)

#: What cannot be read as an address gives none.
BROKEN: tuple[Case, ...] = (
    *_none(
        "", " ", "@", "@@", "ann@", "@x.example", "ann@@x.example", "ann@x@y.example", "ann",
        "ann@.example", "ann@x..example", ".ann@x.example", "ann at x.example",
        "ann@x.example/foo", "ann@[", "ann@[x", "root, nobody", '"', "(", "a" * 321 + "@x.example",
        "ann@" + "a" * 321, "ann\\@home@x.example", "=?utf-8?Q??=", ",", '"ann"', "Ann Lee",
    ),
    _one('"Ann <ann@x.example>', "ann@x.example", "Ann"),
    _one('Ann" <ann@x.example>', "ann@x.example", "Ann"),
    _one("Ann ) <ann@x.example>", "ann@x.example", "Ann"),
    _one("ann@x.example wrote:", "ann@x.example"),
    _one("ann@x.example'", "ann@x.example"),
    _one("bob@y.example <ann@x.example>", "ann@x.example", "bob@y.example"),
    _one("a" * 321 + "@x.example, b@y.example", "b@y.example"),
    _two("ann@, b@y.example", ("", "b@y.example")),
    _two("@x.example, b@y.example", ("", "b@y.example")),
)  # fmt: skip

ADDRESSES: tuple[Case, ...] = (
    *PLAIN, *QUOTED, *WITHOUT_COMMAS, *BRACKETS, *COMMENTS, *GROUPS, *SCRIPTS, *ENCODED, *BROKEN,
)  # fmt: skip
