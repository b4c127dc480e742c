"""The words by which mail programs introduce a mail that is quoted below.

Holds: patterns and word lists, in the languages of Gmail, Outlook, Apple Mail and Thunderbird.
Add here: another language's or program's words, with a line in the test table.
Keep out: the order in which marks count (``reply_text``).
Source: the reply and forward headers that these programs write.
"""

import re

# "... wrote:". Looked for only in lines that end with a colon.
WROTE = re.compile(
    r"(?<!\w)(?:wrote|writes|said|schrieb|écrit|escribió|ha scritto|escreveu|schreef|geschreven|"
    r"skrev|napisał|napisał\(a\)|napisała|pisze|napsal|napsal\(a\)|написал|написала|написал\(а\)|"  # noqa: RUF001 (Cyrillic is meant)
    r"пишет|kirjoitti|yazdı|írta|έγραψε)(?!\w)|写道|寫道|のメッセージ|さんは書きました|님이 작성",  # noqa: RUF001 (Turkish is meant)
    re.IGNORECASE,
)

# "On Tuesday ...": where an introduction that wraps over several lines starts.
OPENING = re.compile(
    r"(?:On|Am|Le|El|Il|Em|Op|Den|Dnia|W dniu|Dne|Quoting|Zitat von|In (?:a )?message)\s",
    re.IGNORECASE,
)

DATE = re.compile(
    r"\b\d{1,2}[:.h]\d{2}\b|\b(?:19|20)\d\d\b|(?:19|20)\d\d年|\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2}"
)

# "Name <address>:", how Russian and Japanese Gmail end an introduction without a verb.
ENDS_WITH_ADDRESS = re.compile(r"<[^<>\s@]+@[^<>\s]+>\s?$")

# Between dashes: -----Original Message-----
BANNERS = frozenset(
    (
        "original message",
        "original appointment",
        "forwarded message",
        "forwarded mail",
        "reply message",
        "reply to message",
        "ursprüngliche nachricht",
        "originalnachricht",
        "original-nachricht",
        "weitergeleitete nachricht",
        "message d'origine",
        "message original",
        "message transféré",
        "mensaje original",
        "mensaje reenviado",
        "messaggio originale",
        "messaggio inoltrato",
        "mensagem original",
        "mensagem encaminhada",
        "oorspronkelijk bericht",
        "doorgestuurd bericht",
        "ursprungligt meddelande",
        "vidarebefordrat meddelande",
        "oprindelig meddelelse",
        "opprinnelig melding",
        "wiadomość oryginalna",
        "přeposlaná zpráva",
        "původní zpráva",
        "исходное сообщение",
        "пересылаемое сообщение",
        "元のメッセージ",
        "原始邮件",
        "转发的邮件",
        "원본 메시지",
    )
)

# Before a colon, without dashes: Apple Mail.
FORWARD_INTRODUCTIONS = frozenset(
    (
        "begin forwarded message",
        "anfang der weitergeleiteten nachricht",
        "anfang der weitergeleiteten e-mail",
        "début du message réexpédié",
        "début du message transféré",
        "inicio del mensaje reenviado",
        "inizio messaggio inoltrato",
        "início da mensagem reencaminhada",
        "begin doorgestuurd bericht",
    )
)

# The header block that Outlook puts above a quoted mail starts with one of these ...
FROM_FIELDS = frozenset(
    ("from", "von", "de", "da", "van", "från", "fra", "od", "от", "差出人", "发件人", "보낸 사람")
)
# ... and goes on with two of these.
OTHER_FIELDS = frozenset(
    (
        *("sent", "date", "to", "cc", "subject", "reply-to"),
        *("gesendet", "datum", "an", "betreff"),
        *("envoyé", "date", "à", "objet"),
        *("enviado", "enviado el", "fecha", "para", "asunto", "assunto"),
        *("inviato", "data", "a", "oggetto"),
        *("verzonden", "aan", "onderwerp"),
        *("skickat", "till", "ämne", "sendt", "til", "emne"),
        *("wysłano", "do", "temat", "odesláno", "komu", "předmět"),
        *("отправлено", "дата", "кому", "тема"),
        *("送信日時", "宛先", "件名", "发送时间", "收件人", "主题"),
        *("보낸 날짜", "받는 사람", "제목"),
    )
)
