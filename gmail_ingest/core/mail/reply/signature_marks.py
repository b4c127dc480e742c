"""The words that mail programs put below a mail: "Sent from my iPhone".

Holds: patterns of the signatures that programs write, and of the footers of lists.
Add here: another language's or program's words, with a line in the test table.
Keep out: where a signature stands and how long it is (``reply_signatures``).
Source: gmail_ingest_tests/core/reply_set: the default signatures of iOS, Android, BlackBerry,
Samsung, Outlook, Yahoo, Proton and others, in the languages that they are translated to.
"""

# ruff: noqa: RUF001, SIM905 (Cyrillic and Greek letters are meant; lists of words without quotes read better)

import re
from typing import Final

#: A device or a program that mail is written with.
DEVICE: Final = re.compile(
    r"(?<![a-z])(?:i-?phon|айфон|i-?pad|i-?pod|apple watch|android|samsung|galaxy|huawei|xiaomi|"
    r"redmi|oppo|oneplus|pixel(?!s)|nexus|nokia|motorola|htc|xperia|blackberry|windows phone|lumia|"
    r"outlook|yahoo|hotmail|gmail|aol|gmx|web\.de|mail\.ru|яндекс|yandex|proton ?mail|"
    r"tutanota|posteo|fairemail|k-9|k9|mailbird|mailspring|airmail|superhuman|thunderbird|"
    r"bluemail|cloudmagic|acompli|windows|mail app|app mail|application mail|em client|tapatalk|"
    r"mailmate|mimestream|shortwave|typeapp|maildroid|zoho|roundcube|zimbra|mobi[lt]\w*|phone|smartphone|handy|telefon|teléfono|"
    r"telefone|telefoon|téléphone|portable|celular|móvil|telemóvel|cellulare|tablet|tablette|"
    r"gsm|телефон|смартфон|планшет|мобильн|puhelime|matkapuhelime|komórk|κινητό)|"
    r"手机|手機|携帯|スマートフォン|スマホ|휴대폰|휴대전화|스마트폰|갤럭시|아이폰|آيفون|ایفون|آیفون|هاتف|"
    r"טלפון|אייפון|điện thoại|ponsel|โทรศัพท์|ไอโฟน|फ़ोन|फोन",
    re.IGNORECASE,
)

#: The verb with its preposition, which "I sent you the photo" does not have.
SENT_FROM: Final = re.compile(
    r"(?:(?:sent|typed|written) (?:from|via|with|using|on)|"
    r"(?:gesendet|geschickt|versendet|versandt|geschrieben) (?:von|mit|über|aus|via|vom|auf)|"
    r"diese (?:nachricht|e-mail) wurde (?:von|mit)|"
    r"(?:message )?envoyée? (?:de|depuis|à partir|avec|par|via)|envoyé d['\u2019]|"
    r"enviad[oa]s? (?:desde|dende|de|do|da|a partir|por|con|com|pelo|via|através)|"
    r"inviat[oa] (?:da|dal|con|tramite)|inviat[oa] dall['\u2019]|"
    r"(?:verzonden|verstuurd|verzonden) (?:met|vanaf|vanuit|via|van|door)|gestuur vanaf|"
    r"(?:skickat|skickades) (?:från|med|via)|(?:sendt|sänt) (?:fra|frå|från|med|via)|lähetetty|"
    r"wysłan[oey] (?:z|za|przez)|(?:odeslán|poslán)[oa] (?:z|ze|pomocí|přes)|"
    r"odoslan[éeá] (?:z|zo|pomocou)|(?:el)?küldve|(?:trimis[ăe]?|expediat) (?:de|din|cu|prin|pe)|"
    r"изпратено (?:от|с|чрез)|(?:отправлено|послано) (?:с|со|из|от|через)|"
    r"(?:надіслано|відправлено) (?:з|із|зі|через|за)|"
    r"(?:στάλθηκε|εστάλη|απεστάλη|αποστολή|σταλμένο) (?:από|με|μέσω)|"
    r"(?:poslano|poslato) (?:s|sa|z|iz|preko)|(?:послато|испратено) (?:са|с|од)|"
    r"išsiųsta (?:iš|naudojant)|nosūtīts (?:no|ar)|saadetud|enviat (?:des|amb|per|de)|"
    r"dërguar nga|anfonwyd o|seolta ó|sent úr|испратено од|(?:được gửi|đã gửi|gửi) (?:từ|bằng|qua)|"
    r"dikirim (?:dari|dengan|melalui)|dihantar (?:dari|daripada)|ipinadala mula|"
    r"imetumwa kutoka|göndərilib|(?:ارسال شده|فرستاده شده|ارسال\u200cشده) از|"
    r"(?:أُ?رسلت?|تم الإرسال|مرسلة?|أرسل) (?:من|بواسطة|عبر))(?!\w)|"
    r"נשלח[הו]? (?:מ|באמצעות)|ส่งจาก|发自|發自|从我的|從我的|來自我的|传送自|傳送自|發送自|"
    r"寄自|来自",
    re.IGNORECASE,
)
#: The same in languages whose verb comes last.
FROM_SENT: Final = re.compile(
    r"(?:(?<!\w)(?:gesendet|geschrieben|verzonden|verstuurd|gönderildi|gönderilmiştir|"
    r"lähetetty|küldve|elküldve|bidalia|bidalita|saadetud|göndərilib|жіберілді)|"
    r"পাঠানো(?: হয়েছে)?|அனுப்பப்பட்டது|पाठवल[ेा]|"
    r"から送信(?:されました)?|より送信|发送|發送|傳送|传送|寄出|보냄|보낸 메일|전송|발송|"
    r"भेजा गया)[.。!]?$",
    re.IGNORECASE,
)
#: How German and Dutch signatures that end with such a verb begin; "Ich habe ... gesendet" is the
#: sender's own.
FROM_WORDS: Final = frozenset("von vom mit über aus via diese dieses van vanaf vanuit met".split())
#: Verbs of these two, in small letters.
GERMAN_VERBS: Final = frozenset("gesendet geschrieben verzonden verstuurd".split())
#: Names that mean a program only in this place, and "sent from my ..." with any name.
NAMED_PROGRAM: Final = re.compile(
    r"(?:sent (?:(?:from|via|with|using) (?:alto|spark|front|hey|newton|nine|boxer|"
    r"workspace one boxer|canary|edison|missive|"
    r"(?-i:[A-Z][a-z]+|my)(?-i:Mail|mail)(?: (?:for|on) [^\s,.;:!?]+)?)|"
    r"from my [^\s,.;:!?]+(?: [^\s,.;:!?]+)?)|"
    # The apology of those who type on a telephone.
    r"(?:sent|typed|written) [^.:?!]{2,60}\b(?:excuse|pardon|forgive)\b[^.:?!]{1,30}"
    r"\b(?:typos?|brevity|errors|mistakes|spelling))\.?$",
    re.IGNORECASE,
)
#: What virus scanners and portals add.
ADVERTISEMENT: Final = re.compile(
    r"(?:virus-free|virenfrei|garanti sans virus|libre de virus|sin virus|senza virus|virusvrij|"
    r"livre de vírus|без вирусов)\.?\s*(?:<?https?://)?(?:www\.)?(?:avast|avg)\.com|"
    r"yahoo mail\s?: (?:search|simplify)",
    re.IGNORECASE,
)
#: Each advertisement has one of these, in small letters.
ADVERTISERS: Final = ("avast.com", "avg.com", "yahoo mail")

#: "Get Outlook for iOS", with a link of Microsoft's: in any language.
OUTLOOK_LINK: Final = re.compile(
    r".{0,40}Outlook.{0,20}(?:iOS|Android|Mac).{0,20}<?\s?https?://aka\.ms/\S+"
)
#: Without the link, its first or last word, in small letters.
OUTLOOK_VERBS: Final = frozenset(
    "get hol holen lade laden beziehen herunterladen obtenir obtenez télécharger "
    "téléchargez obtener obtén obtenga descargar descarga descargue ottieni scarica "
    "obter obtenha baixe baixar transferir download downloaden haal krijg hämta "
    "skaffa hent skaff få last lataa hanki pobierz uzyskaj získat získejte stáhnout "
    "stáhněte získať získajte stiahnuť beszerzése beszerzés letöltése töltse obțineți "
    "descărcați вземете изтеглете изтегляне скачать скачайте получить завантажити "
    "отримати завантажте λήψη αποκτήστε κατεβάστε edinin indirin al preuzmi preuzmite "
    "nabavite pridobite prenesite gaukite atsisiųsti iegūstiet lejupielādēt hankige "
    "obtén obteniu baixa eskuratu lortu dapatkan unduh muat tải lấy nhận sækja "
    "skaffaðu kry verkry pata kunin преземете преузмите набавите קבל הורד قم احصل "
    "تنزيل دریافت รับ ดาวน์โหลด प्राप्त पाएं".split()
)
#: Other programs that ask to be installed.
GET_PROGRAM: Final = re.compile(
    r"(?:get|download) (?-i:[A-Z])\w+(?: (?-i:[A-Z])\w+)? for "
    r"(?:android|ios|mobile|mac|windows|iphone)\.?$",
    re.IGNORECASE,
)

#: What a list, not the sender, puts below a mail; in small letters.
LIST_MARKS: Final = (
    "google groups", "groups.google.com", "you received this message because you", "listinfo/",
    "view it on github",
)  # fmt: skip
#: Words that a sender may also write: they count only near a link or an address.
LIST_WORDS: Final = (
    "mailing list", "mailing-list", "mailingliste", "liste de diffusion", "lista de correo",
    "lista de distribución", "メーリングリスト", "список рассылки",
)  # fmt: skip
#: Also a mark, where an address or a link follows.
UNSUBSCRIBE: Final = re.compile(r"to unsubscribe.{0,60}(?:https?:|mailto:|@|send )")

#: How a program's lines begin or end: a cheap look before any pattern.
FIRST_WORDS: Final = frozenset(
    "sent typed written gesendet geschickt versendet versandt geschrieben diese "
    "message envoyé envoyée enviado enviada enviados enviat inviato inviata verzonden "
    "verstuurd gestuur skickat skickades sendt sänt lähetetty wysłano wysłane wysłana "
    "odesláno odeslána posláno poslána odoslané odoslaná odoslano küldve elküldve "
    "trimis trimisă trimise expediat изпратено отправлено послано надіслано "
    "відправлено στάλθηκε εστάλη απεστάλη αποστολή σταλμένο poslano poslato послато "
    "испратено išsiųsta nosūtīts saadetud dërguar anfonwyd seolta được đã gửi dikirim "
    "dihantar ipinadala imetumwa göndərilib ارسال فرستاده أُرسلت أرسلت أرسل تم مرسل "
    "مرسلة".split()
)
FIRST_LETTERS: Final = (
    "נשלח",
    "ส่ง",
    "发自",
    "發自",
    "从我的",
    "從我的",
    "來自",
    "传送",
    "傳送",
    "發送",
    "寄自",
    "来自",
)
LAST_WORDS: Final = frozenset(
    "gesendet geschrieben verzonden verstuurd gönderildi gönderilmiştir lähetetty "
    "küldve elküldve bidalia bidalita saadetud göndərilib жіберілді 보냄 전송 메일 "
    "발송 পাঠানো অনুপ্রেরিত அனுப்பப்பட்டது पाठवले पाठवला भेजा મોકલેલ ನಿಂದ".split()
)
LAST_LETTERS: Final = (
    "送信", "送信されました", "发送", "發送", "傳送", "传送", "寄出", "보냄", "गया",
)  # fmt: skip

#: Ways to reach a person or a company, as on a business card.
CONTACT: Final = re.compile(
    r"@|www\.|https?://|(?:\+|\(0|\b0)\d[\d\s()./-]{5,}\d|\b\d{3}[-. ]\d{3}[-. ]\d{4}\b|"
    r"\b(?:tel|phone|mob|mobile|fax|cell|telefon|handy)\b\s?[.:]",
    re.IGNORECASE,
)
