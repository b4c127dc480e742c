"""The words that mail programs put below a mail: "Sent from my iPhone".

Holds: patterns of the signatures that programs write, and of the footers of lists.
Add here: another language's or program's words, with a line in the test table.
Keep out: where a signature stands and how long it is (``reply_signatures``).
Source: the default signatures of iOS, Android, BlackBerry, Samsung, Outlook, Yahoo, Proton and
others, in the languages that they are translated to.
"""

# ruff: noqa: RUF001 (Cyrillic, Greek and Turkish letters are meant)

import re
from typing import Final

#: A device or a program that mail is written with.
DEVICE: Final = re.compile(
    r"(?<![a-z])(?:i-?phone|i-?pad|i-?pod|apple watch|android|samsung|galaxy|huawei|xiaomi|redmi|"
    r"oppo|oneplus|pixel|nexus|nokia|motorola|htc|xperia|blackberry|windows phone|lumia|outlook|"
    r"yahoo|hotmail|gmail|aol|gmx|web\.de|mail\.ru|mail|яндекс|yandex|почт[аы]|proton ?mail|"
    r"tutanota|posteo|fairemail|k-9|k9|mailbird|mailspring|airmail|superhuman|thunderbird|"
    r"bluemail|cloudmagic|acompli|e-mail|mobi[lt]\w*|phone|smartphone|handy|telefon|teléfono|"
    r"telefone|telefoon|téléphone|portable|celular|móvil|telemóvel|cellulare|tablet|tablette|"
    r"gsm|телефон|смартфон|планшет|мобильн|puhelime|matkapuhelime|komórk|κινητό)|"
    r"手机|手機|携帯|スマートフォン|スマホ|휴대폰|휴대전화|스마트폰|갤럭시|아이폰|آيفون|ایفون|آیفون|هاتف|"
    r"טלפון|אייפון|điện thoại|ponsel|โทรศัพท์|ไอโฟน|फ़ोन|फोन",
    re.IGNORECASE,
)

#: The verb, with the preposition that tells it from "I sent you the photo".
SENT_FROM: Final = re.compile(
    r"(?:(?:sent|typed|written) (?:from|via|with|using|by|through|on)|"
    r"(?:gesendet|geschickt|versendet|versandt|geschrieben) (?:von|mit|über|aus|via|vom|auf)|"
    r"diese (?:nachricht|e-mail) wurde (?:von|mit)|"
    r"(?:message )?envoyée? (?:de|depuis|à partir|avec|par|via)|envoyé d['\u2019]|"
    r"enviad[oa]s? (?:desde|de|do|da|a partir|por|con|com|pelo|via|através)|"
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
    r"dërguar nga|sent úr|(?:được gửi|đã gửi|gửi) (?:từ|bằng|qua)|"
    r"dikirim (?:dari|dengan|melalui)|dihantar (?:dari|daripada)|ipinadala mula|"
    r"imetumwa kutoka|göndərilib|(?:ارسال شده|فرستاده شده|ارسال\u200cشده) از|"
    r"(?:أُ?رسلت?|تم الإرسال|مرسلة?|أرسل) (?:من|بواسطة|عبر))(?!\w)|"
    r"נשלח[הו]? (?:מ|באמצעות)|ส่งจาก|发自|發自|从我的|從我的|來自我的|传送自|傳送自|發送自|寄自|来自",
    re.IGNORECASE,
)
#: The same in languages whose verb comes last.
FROM_SENT: Final = re.compile(
    r"(?:(?<!\w)(?:gesendet|geschrieben|verzonden|verstuurd|gönderildi|gönderilmiştir|gönderdim|"
    r"lähetetty|küldve|elküldve|küldtem|bidalia|bidalita|saadetud|göndərilib|жіберілді)|"
    r"から送信(?:されました|しました)?|より送信|发送|發送|傳送|传送|寄出|보냄|보낸 메일|전송|발송|भेजा गया)[.。!]?$",
    re.IGNORECASE,
)
#: A program's name behind the English verb: "Sent via Superhuman".
NAMED_PROGRAM: Final = re.compile(
    r"[Ss](?:ent|ENT) (?:(?:from|via|using) (?:the |my )?[A-Z][^\s,.;:!?]*(?: [A-Z0-9][^\s,.;:!?]*)?|"
    r"from my [^\s,.;:!?]+(?: [^\s,.;:!?]+)?)\.?$"
)
#: What virus scanners and portals add.
ADVERTISEMENT: Final = re.compile(
    r"(?:virus-free|virenfrei|garanti sans virus|libre de virus|sin virus|senza virus|virusvrij|"
    r"livre de vírus|без вирусов)\.?\s*(?:<?https?://)?(?:www\.)?(?:avast|avg)\.com|"
    r"yahoo mail\s?: (?:search|simplify)",
    re.IGNORECASE,
)

#: "Get Outlook for iOS", in any language: with the link, or with the verb.
OUTLOOK_MOBILE: Final = re.compile(
    r".{0,40}Outlook.{0,20}(?:iOS|Android).{0,10}<?\s?https?://aka\.ms/\S+|"
    r"(?:get|hol|holen|outlook für|beziehen|obtenir|télécharger|téléchargez|obtener|obtén|descargar|"
    r"descarga|ottieni|scarica|obter|obtenha|baixe|baixar|transferir|download|haal|hämta|skaffa|hent|"
    r"få|lataa|hanki|pobierz|získat|stáhnout|získať|stiahnuť|beszerzés|szerezze be|letöltés|"
    r"obțineți|descărcați|вземете|изтеглете|скачать|получить|завантажити|отримати|λήψη|αποκτήστε|"
    r"preuzmi\w*|nabavite|prenesite|gaukite|atsisiųsti|iegūstiet|lejupielādēt|hankige|obteniu|"
    r"dapatkan|tải|lấy|下载|下載|获取|取得)\s?"
    r"(?:l['\u2019])?(?:app )?Outlook\b.{0,20}(?:iOS|Android).{0,20}|"
    r"(?:iOS|Android)\s?(?:için|用|版|용)\s?(?:の\s?)?Outlook.{0,20}|"
    r"Outlook (?:for|für) (?:iOS|Android) (?:beziehen|holen|herunterladen|laden)",
    re.IGNORECASE,
)

#: What a list, not the sender, puts below a mail.
LIST_FOOTER: Final = re.compile(
    r"mailing list|mailing-list|you received this message because you|google groups|"
    r"groups\.google\.com|to unsubscribe|unsubscribe from this|mailman/listinfo|listinfo/|"
    r"reply to this email directly|view it on github|mailingliste|liste de diffusion|"
    r"lista de distribución|lista de correo|メーリングリスト|список рассылки",
    re.IGNORECASE,
)

#: What only the card of a person or a company shows.
CONTACT: Final = re.compile(
    r"@|www\.|https?://|(?:\+|\(0|\b0)\d[\d\s()./-]{5,}\d|\b\d{3}[-. ]\d{3}[-. ]\d{4}\b|"
    r"\b(?:tel|phone|mob|mobile|fax|cell|telefon|handy)\b\s?[.:]",
    re.IGNORECASE,
)
