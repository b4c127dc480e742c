"""The field names that mail programs put above a quoted or forwarded mail.

Holds: ``FIELD_KINDS`` (name to kind) and ``PASTED_FIELDS``.
Add here: another language's or program's names.
Keep out: when fields are a header block (``reply_headers``), other words (``reply_marks``).
Source: gmail_ingest_tests/core/reply_set: the headers that Outlook, Gmail, Apple Mail, Thunderbird
and Lotus Notes write, in the languages that they are translated to.
"""

# ruff: noqa: RUF001, SIM905 (Cyrillic and Greek letters are meant; lists of words without quotes read better)

from typing import Final

FROM: Final = "from"
SENT: Final = "sent"
DATE: Final = "date"
TO: Final = "to"
COPY: Final = "copy"
SUBJECT: Final = "subject"
OTHER: Final = "other"

_NAMES = {
    FROM: (
        "from|von|absender|de|expéditeur|da|mittente|van|afzender|från|avsändare|fra|afsender|"
        "avsender|lähettäjä|od|odesílatel|odosielateľ|nadawca|feladó|de la|от|від|από|kimden|"
        "gönderen|šalje|šalje se|šaljatelj|pošiljatelj|шаље|од|пошиљалац|nuo|siuntėjas|no|sūtītājs|"
        "saatja|kellelt|frá|igorlea|nork|nga|oddi wrth|kimdən|кімнен|kimdan|mula kay|kutoka|מאת|"
        "من|از|فرستنده|منجانب|จาก|từ|người gửi|dari|daripada|pengirim|差出人|送信者|发件人|发信人|"
        "寄件者|寄件人|보낸 사람|보낸사람|발신|प्रेषक|की ओर से|से|প্রেরক|থেকে|அனுப்புநர்|"
        "ვისგან|გამომგზავნი|ում կողմից|ուղարկող|илгээгч"
    ),
    SENT: (
        "sent|gesendet|gesendet am|envoyé|envoyé le|enviado|enviado el|enviado em|"
        "enviada|enviada em|enviada el|inviato|inviata|inviato il|verzonden|verstuurd|"
        "skickat|sendt|sänt|lähetetty|wysłano|wysłane|odesláno|odoslané|elküldve|"
        "küldve|küldés ideje|trimis|trimis la|expediat|изпратено|отправлено|отправлен|"
        "послано|надіслано|відправлено|στάλθηκε|εστάλη|απεστάλη|gönderildi|"
        "gönderme tarihi|gönderilme tarihi|poslano|poslato|послато|išsiųsta|nosūtīts|"
        "nosūtīta|saadetud|sent|enviat|enviat el|bidalia|bidalita|noiz bidalia|"
        "dërguar|anfonwyd|göndərilib|жіберілді|ipinadala|imetumwa|gestuur|נשלח|"
        "תאריך שליחה|تم الإرسال|أرسلت|أُرسلت|مرسل|المرسلة|تاريخ الإرسال|ارسال شده|"
        "ارسال‌شده|بھیجا گیا|ส่ง|ส่งเมื่อ|วันที่ส่ง|đã gửi|gửi|ngày gửi|được gửi|dikirim|"
        "terkirim|dihantar|送信日時|送信日|送信|发送时间|发送日期|已发送|寄件日期|"
        "傳送時間|已傳送|發送時間|보낸 날짜|보낸날짜|보낸 시간|보냄|भेजा गया|भेजा|"
        "পাঠানো হয়েছে|அனுப்பப்பட்டது|გაგზავნილია|ուղարկվել է|илгээсэн"
    ),
    DATE: (
        "date|datum|fecha|data|data e hora|dato|päiväys|päivämäärä|pvm|dátum|dată|дата|"
        "ημερομηνία|tarih|datums|kuupäev|dagsetning|dags.|датум|дата и час|dyddiad|dáta|tarix|күні|"
        "sana|petsa|tarehe|תאריך|التاريخ|تاريخ|تاریخ|วันที่|ngày|tanggal|tarikh|日付|日時|日期|时间|"
        "時間|날짜|일시|दिनांक|तारीख|तिथि|তারিখ|தேதி|თარიღი|ամսաթիվ|огноо|message du"
    ),
    TO: (
        "to|an|empfänger|à|a|pour|destinataire|para|destinatario|destinatário|aan|"
        "till|til|vastaanottaja|do|komu|adresát|odbiorca|címzett|către|catre|до|кому|"
        "за|получатель|προς|kime|alıcı|prima|za|primatelj|прима|kam|adresāts|gavėjas|"
        "kellele|saaja|per a|hartzailea|nori|për|viðtakandi|kimə|кімге|kimga|para kay|"
        "kwa|אל|אֶל|ל|נמען|إلى|الى|به|گیرنده|بنام|ถึง|đến|tới|gửi đến|người nhận|"
        "kepada|ke|untuk|宛先|受信者|收件人|收件者|发送至|받는 사람|받는사람|수신|"
        "प्रति|प्राप्तकर्ता|को|प्रापक|প্রাপক|பெறுநர்|ვის|ում|хүлээн авагч"
    ),
    COPY: (
        "cc|bcc|c.c.|kopie|kopie (cc)|blindkopie (bcc)|blindkopie|copie|copie à|"
        "copie a|copie cachée à|con copia|con copia a|copia|cco|com cópia|cópia|c/c|"
        "kopia|kopi|kopi til|kopio|dw|do wiadomości|kópia|másolatot kap|másolat|"
        "cópia para|копие|копия|копія|κοιν.|κοινοποίηση|κοιν|bilgi|kp|kopija|koopia|"
        "копија|còpia|afrit|kópió|cc'd|עותק|نسخة|نسخه|رونوشت|สำเนา|สำเนาถึง|đồng gửi|"
        "đồng kính gửi|tembusan|salinan|抄送|副本|副本抄送|密送|參考|참조|숨은 참조|"
        "प्रतिलिपि|cópia (cc)"
    ),
    SUBJECT: (
        "subject|betreff|objet|sujet|asunto|oggetto|assunto|onderwerp|ämne|emne|aihe|temat|předmět|"
        "věc|predmet|vec|tárgy|subiect|тема|относно|предмет|θέμα|konu|tema|naslov|zadeva|тема "
        "письма|наслов|temats|tēma|teema|assumpte|gaia|subjekti|subjekt|efni|pwnc|ábhar|mövzu|"
        "тақырып|mavzu|paksa|mada|נושא|הנדון|الموضوع|موضوع|เรื่อง|หัวเรื่อง|หัวข้อ|chủ đề|tiêu đề|"
        "subjek|perihal|judul|件名|主题|主旨|主題|标题|제목|विषय|বিষয়|பொருள்|თემა|թեմա|сэдэв"
    ),
    OTHER: (
        "reply-to|reply to|antwort an|répondre à|responder a|rispondi a|importance|priority|"
        "sensitivity|attachments|attachment|wichtigkeit|priorität|anlagen|anhänge|anlage|"
        "importance|priorité|pièces jointes|pièce jointe|importancia|prioridad|datos adjuntos|"
        "allegati|priorità|anexos|prioridade|bijlagen|bijlage|urgentie|bilagor|prioritet|"
        "organization|organisation|sender|resent-from|newsgroups|newsgruppen|categories|важность|"
        "вложения|załączniki|ważność|přílohy|重要度|添付ファイル|附件|重要性|첨부 파일|중요도"
    ),
}

#: Name of a field, in small letters, to its kind.
FIELD_KINDS: Final = {name: kind for kind, names in _NAMES.items() for name in names.split("|")}

#: Fields that no program shows above a quoted mail: with them, somebody pasted raw headers.
PASTED_FIELDS: Final = frozenset(
    "received|return-path|message-id|mime-version|content-type|content-transfer-encoding|"
    "delivered-to|authentication-results|received-spf|dkim-signature|references|in-reply-to|"
    "user-agent|x-mailer|x-spam-status|x-spam-flag|x-originating-ip|list-id|list-unsubscribe|"
    "precedence|auto-submitted|errors-to|arc-seal|x-google-smtp-source|x-received".split("|")
)

#: Fields of forms and invitations: a block with one of them is no header of a mail.
FORM_FIELDS: Final = frozenset(
    "name|first name|last name|surname|email|e-mail|mail|phone|telephone|tel|mobile|fax|address|"
    "company|when|where|time|location|organizer|organiser|required|optional|attendees|contact|"
    "guests|order|price|amount|total|class|url|website|host|customer|vorname|nachname|telefon|"
    "firma|wann|wo|ort|zeit|uhrzeit|kunde|adresse|handy|mobil|nom|prénom|téléphone|quand|où|lieu|"
    "société|heure|nombre|apellidos|teléfono|cuándo|dónde|lugar|hora|empresa|nome|cognome|telefono|"
    "quando|dove|luogo|ora|azienda|naam|telefoon|wanneer|waar|plaats|namn|imię|nazwisko".split("|")
)
