"""The words by which mail programs introduce a mail that is quoted below.

Holds: patterns and word lists of introductions and banners, in the languages that Gmail, Outlook,
Apple Mail and Thunderbird are translated to.
Add here: another language's or program's words, with a line in the test table.
Keep out: field names (``reply_fields``), words of signatures (``signature_marks``), the order in
which marks count (``reply_text``).
Source: gmail_ingest_tests/core/reply_set: the reply and forward headers that these programs write.
"""

# ruff: noqa: RUF001, SIM905 (Cyrillic and Greek letters are meant; lists of words without quotes read better)

import re
from typing import Final

#: What a line of an introduction may end with: colons of all scripts.
COLONS: Final = (":", "\uff1a", "\ufe55", "\u0589")

#: Rules, banners and delimiters are drawn with these.
RULES: Final = "-_*=#~+\u2010\u2011\u2012\u2013\u2014\u2015\u2500\u2501"

# "... wrote", as single words in small letters. A set, because a pattern with so many alternatives
# takes a tenth of a millisecond a line.
_VERBS: Final = frozenset(
    "wrote writes said sent written schrieb schrieben schriebst schreibt geschrieben "
    "écrit écrivait écrivit escribió escribio escribe escrito escrit escriure "
    "escribiu scritto scrive escreveu escreve schreef geschreven schrijft geskryf "
    "skrev skreiv skriver skrifaði napisał napisała pisze napsal napsala píše napísal "
    "napísala írta írja scris написа написал написала писал писала пишет пише написав "
    "написала напиша напишав έγραψε έγραψαν yazdı yazmış napisao napisala napisal "
    "написао rašė parašė rakstīja kirjutas kirjoitti kirjoittaa idatzi shkroi "
    "ysgrifennodd scríobh yazıb жазды yozdi sumulat nagsulat isinulat aliandika "
    "menulis viết бичсэн".split()
)
_VERBS_ANYWHERE = re.compile(
    r"写道|寫道|写到|寫到|写了|のメッセージ|さんは書きました|書きました|が書いた|のメール|"
    r"님이 작성|작성|썼습니다|님이 쓴|כתב|כתבה|כתב/ה|מאת|كتب|كتبت|نوشت|نوشته|لکھا|เขียนว่า|เขียน|लिखा|"
    r"كتابة ما يلي|ಬರೆದಿದ್ದಾರೆ|ຂຽນວ່າ|লিখেছেন|எழுதியது|დაწერა|გრავს|գրել է|գրեց"
)
_LETTERS = re.compile(r"[^\W\d_]+")


def find_verb(words: str) -> re.Match[str] | None:
    """Return the first "wrote" of a text in any of the languages, or None.

    Args:
        words: Text of bounded length.
    """
    # Splitting at blanks is five times as fast as a pattern, and most texts have no verb.
    plain = words.lower().replace(":", " ").replace("(", " ").replace(">", " ").replace("/", " ")
    if not _VERBS.isdisjoint(plain.split()):
        for word in _LETTERS.finditer(words):
            if word[0].lower() in _VERBS:
                return word
    return None if words.isascii() else _VERBS_ANYWHERE.search(words)


#: "On Tuesday ...": how introductions of many languages begin.
OPENING: Final = re.compile(
    r"(?:On|At|Am|Le|El|Il|Em|Op|Den|Dnia|W dniu|Dne|Dňa|På|Pe|În|La data|Vào|Ngày|Pada|Noong|"
    r"A|På|Στις|Στην|На|Dana|Dana:|V|Tarihinde|Data|Dia|O|U|בתאריך|ב-|في|در|ใน|เมื่อ|在|于|於)\s",
    re.IGNORECASE,
)

#: Introductions that need no date.
CITING: Final = re.compile(
    r"(?:Quoting|Zitat von|Zitiere|Citando a|Citando|Citiert|Citerar|Citat|In (?:a )?message|"
    r"In article|Quoth|Thus spake|Also sprach|Mensaje citado por|Mensagem citada por|"
    r"Messaggio citato da|Missatge de|Wiadomość napisana przez|Selon|Citát)\s",
    re.IGNORECASE,
)

# Each begins with a look for a digit: most characters are none, and are skipped at once.
_YEAR = r"(?:19|20|25)\d\d(?:[/.-]\d{1,2}[/.-]\d{1,2})?(?!\d)"
_NUMBERED = r"\d{1,2}(?:[/.-]\d{1,2}[/.-]|\. \d{1,2}\. )(?:\d{4}|\d{2})(?!\d)"
_OTHER_DIGITS = r"[^\W0-9]{4}"
_TIME = r"\d{1,2}\s?[:.hH\u6642\uc2dc\u70b9\u9ede]\s?\d{2}"
#: A day or a time, however short.
DATE: Final = re.compile(rf"(?=\d)(?<!\d)(?:{_TIME}(?!\d)|{_YEAR}|{_NUMBERED}|{_OTHER_DIGITS})")
#: A day with its year ...
YEAR: Final = re.compile(
    rf"(?=\d)(?<!\d)(?:{_YEAR}|{_NUMBERED}|{_OTHER_DIGITS}|(?<=[a-z]-)\d{{1,2}}-\d\d(?!\d))"
)
#: ... and a time of day.
TIME: Final = re.compile(rf"(?=\d)(?<!\d){_TIME}(?![.\d]\d)")

_ADDRESS = r"[^<>()\[\]\s@]+@[^<>()\[\]\s@]+"
#: An address as programs write it: in brackets of any kind.
BRACKETED: Final = re.compile(rf"[<(\[]\s*(?:mailto:\s*)?{_ADDRESS}\s*[>)\]]")
#: "Name <address>", how Russian and Japanese Gmail end an introduction without a verb.
ENDS_WITH_ADDRESS: Final = re.compile(rf"[<\[]\s*(?:mailto:\s*)?{_ADDRESS}\s*[>\]]+$")

#: Yahoo's programs put the first line of the quoted mail behind the introduction.
INLINE: Final = re.compile(rf"<{_ADDRESS}>\s*([^<>:]{{2,40}}?)\s?[:\uff1a]\s+\S")

#: Between dashes, without their case: -----Original Message-----
BANNERS: Final = frozenset(
    "original message|replied message|original appointment|forwarded message|forwarded mail|"
    "forwarded email|forward message|reply message|reply to message|original email|"
    "original e-mail|ursprüngliche nachricht|originalnachricht|original-nachricht|"
    "ursprünglicher termin|weitergeleitete nachricht|weitergeleitete mail|"
    "antwortnachricht|message d'origine|message original|message transféré|"
    "message d\u2019origine|courriel original|rendez-vous d'origine|mensaje original|"
    "mensaje reenviado|mensaje de reenvío|cita original|messaggio originale|"
    "messaggio inoltrato|messaggio rinviato|mensagem original|mensagem encaminhada|"
    "mensagem reencaminhada|oorspronkelijk bericht|origineel bericht|"
    "doorgestuurd bericht|ursprungligt meddelande|ursprungsmeddelande|"
    "originalmeddelande|vidarebefordrat meddelande|oprindelig meddelelse|"
    "oprindelig besked|original meddelelse|videresendt meddelelse|videresendt besked|"
    "opprinnelig melding|original melding|videresendt melding|alkuperäinen viesti|"
    "välitetty viesti|wiadomość oryginalna|oryginalna wiadomość|wiadomość przekazana|"
    "wiadomość przesłana dalej|treść przekazanej wiadomości|přeposlaná zpráva|"
    "původní zpráva|původní e-mail|pôvodná správa|preposlaná správa|eredeti üzenet|"
    "továbbított üzenet|továbbított levél|mesaj original|mesajul original|"
    "mesaj redirecționat|mesaj redirecţionat|mesaj retransmis|оригинално съобщение|"
    "препратено съобщение|исходное сообщение|пересылаемое сообщение|"
    "пересланное сообщение|оригинальное сообщение|переадресованное сообщение|"
    "первоначальное сообщение|исходное письмо|конец пересылаемого сообщения|"
    "початкове повідомлення|оригінальне повідомлення|переслане повідомлення|"
    "переадресоване повідомлення|вихідне повідомлення|αρχικό μήνυμα|προωθημένο μήνυμα|"
    "orijinal mesaj|özgün ileti|orijinal ileti|özgün mesaj|iletilen mesaj|"
    "iletilmiş mesaj|yönlendirilen mesaj|yönlendirilmiş ileti|izvorna poruka|"
    "originalna poruka|proslijeđena poruka|prosleđena poruka|оригинална порука|"
    "прослеђена порука|izvirno sporočilo|posredovano sporočilo|originalus laiškas|"
    "pirminis laiškas|persiųstas laiškas|persiųsta žinutė|sākotnējais ziņojums|"
    "oriģinālais ziņojums|pārsūtīta ziņa|pārsūtītais ziņojums|algne sõnum|"
    "originaalsõnum|edastatud sõnum|edastatud kiri|missatge original|"
    "missatge reenviat|jatorrizko mezua|birbidalitako mezua|mensaxe orixinal|"
    "mensaxe reenviada|upprunaleg skilaboð|áframsent skeyti|mesazhi origjinal|"
    "מכתב מקורי|הודעה מקורית|הודעה שהועברה|الرسالة الأصلية|رسالة أصلية|"
    "رسالة معاد توجيهها|الرسالة المعاد توجيهها|پیام اصلی|پیام فوروارد شده|"
    "ข้อความต้นฉบับ|ข้อความเดิม|ข้อความที่ส่งต่อ|thư gốc|tin nhắn gốc|tin nhắn ban đầu|"
    "thư đã chuyển tiếp|thư được chuyển tiếp|pesan asli|pesan terusan|"
    "pesan diteruskan|mesej asal|mesej dimajukan|元のメッセージ|元のメール|"
    "オリジナルメッセージ|転送メッセージ|転送メール|転送されたメッセージ|原始邮件|"
    "原邮件|回复的原邮件|转发的邮件|转发邮件|转发邮件信息|被转发邮件信息|转发的消息|"
    "原始郵件|原始信件|轉寄郵件|轉寄的郵件|轉寄信件|已轉寄的訊息|원본 메시지|"
    "원본 메일|원래 메시지|전달된 메시지|전달된 메일|원본메일|मूल संदेश|अग्रेषित संदेश|"
    "फ़ॉरवर्ड किया गया संदेश".split("|")
)
#: Banners that go on with a name or an address.
BANNER_STARTS: Final = ("forwarded by ", "forwarded message from ", "message from ")

#: Before a colon, without dashes, without their case: Apple Mail.
FORWARD_INTRODUCTIONS: Final = frozenset(
    "begin forwarded message|anfang der weitergeleiteten nachricht|"
    "anfang der weitergeleiteten e-mail|début du message réexpédié|"
    "début du message transféré|inicio del mensaje reenviado|"
    "inizio messaggio inoltrato|início da mensagem reencaminhada|"
    "início da mensagem encaminhada|begin doorgestuurd bericht|vidarebefordrat brev|"
    "start på videresendt besked|videresendt melding|välitetty viesti|"
    "początek przekazywanej wiadomości|začátek přeposlané zprávy|"
    "начало переадресованного сообщения|転送されたメッセージ|开始转发的信息|"
    "전달된 메시지".split("|")
)
#: The same in other languages, by the stem of the word; counts only above a header block.
FORWARDED: Final = re.compile(
    r"begin forwarded message|^forwarded message|weitergeleitete|réexpédié|transféré|reenviad|"
    r"inoltrat|encaminhad|doorgestuurd|vidarebefordra|videresend|välitet|przekaz|przesłan|przesyłan|"
    r"přepos|prepos|továbbít|redirec|retransmi|препрат|переадрес|пересыла|пересла|переслан|"
    r"пересил|προωθ|iletil|leti başlang|yönlendir|proslije|prosle|прослеђ|posredov|persiųs|pārsūt|"
    r"edastat|reenvia|birbidal|áfram|הועבר|توجيه|فوروارد|ارجاع|転送|转发|轉寄|轉發|전달|ส่งต่อ|"
    r"chuyển tiếp|terus|dimajukan|अग्रेषित|फ़ॉरवर्ड",
    re.IGNORECASE,
)

#: Ticket systems ask to answer above a line that they draw; in small letters.
REPLY_ABOVE: Final = (
    "above this line", "above the line", "over this line", "oberhalb dieser zeile",
    "oberhalb dieser linie", "über dieser zeile", "über dieser linie", "über diese zeile",
    "au-dessus de cette ligne", "encima de esta línea", "arriba de esta línea",
    "sobre esta línea", "acima desta linha", "acima dessa linha", "sopra questa riga",
    "sopra questa linea", "sopra a questa riga", "boven deze lijn", "boven deze regel",
    "ovanför den här raden", "ovanför denna rad", "ovanför denna linje", "ovanför den här linjen",
    "over denne linje", "over denne linjen", "over linjen", "tämän rivin yläpuolelle",
    "tämän viivan yläpuolelle", "powyżej tej linii", "nad tą linią", "nad tento řádek",
    "nad tímto řádkem", "nad túto čiaru", "выше этой строки", "выше этой линии",
    "выше данной строки", "вище цього рядка", "bu satırın üst", "bu çizginin üst",
    "πάνω από αυτή τη γραμμή", "deasupra acestei linii", "この行より上", "この線より上", "이 줄 위",
    "此行上方", "此行以上", "此线以上", "這行上方", "此線以上", "מעל שורה זו", "فوق هذا السطر",
)  # fmt: skip
