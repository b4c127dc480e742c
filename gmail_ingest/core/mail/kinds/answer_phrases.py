"""How subjects of automatic answers begin, by language.

Holds: ``MACHINE_WORDS``, which only programs write, and ``ABSENCE_WORDS``, which people also write.
Add here: another language's or program's words. Keep out: how they are used
(``automatic_answers``).
Source: gmail_ingest_tests/core/report_set: the subjects that Outlook, Exchange, Lotus Notes, Gmail
and web hosts give such mail.
"""

from gmail_ingest.core.mail.kinds.report_phrases import Beginnings

#: Beginnings of subjects that only programs write.
MACHINE_WORDS = Beginnings("""
automatic reply: | automatic response: | auto reply: | auto-reply: | autoreply: | autoreply from |
auto response: | auto-response: | autoresponse: | autoresponder: | automated reply: |
automated response: | [auto-reply] | [auto reply] | [autoreply] | [automatic reply] |
out of office autoreply | out-of-office autoreply | out of the office autoreply |
automatische antwort: | automatische antwort zu: | autom. antwort: | automatische rückantwort: |
automatische abwesenheit | abwesenheitsnotiz: | abwesenheitsmeldung: |
abwesenheitsbenachrichtigung | réponse automatique: | réponse automatique : | rép. auto : |
réponse auto : | message automatique : | respuesta automática: | respuesta automatica: |
contestación automática: | resposta automática: | resposta automàtica: | risposta automatica: |
risposta automatica di | automatisch antwoord: | automatische reactie: | automatisk svar: |
automatiskt svar: | autosvar: | auto-svar: | automaattinen vastaus: | automaatvastus: |
automatická odpověď: | automatická odpoveď: | odpowiedź automatyczna: | automatyczna odpowiedź: |
autoodpowiedź: | automatikus válasz: | automatikus válaszüzenet: | răspuns automat: |
samodejni odgovor: | automatski odgovor: | automatický odgovor: | automatinis atsakymas: |
automātiska atbilde: | automātiskā atbilde: | автоответ: | автоматический ответ: |
автоматична відповідь: | автоматичен отговор: | аутоматски одговор: | otomatik yanıt: |
otomatik cevap: | αυτόματη απάντηση: | תשובה אוטומטית: | מענה אוטומטי: | رد تلقائي: |
الرد التلقائي: | پاسخ خودکار: | trả lời tự động: | balasan otomatis: | balas otomatis: |
balasan automatik: | ตอบกลับอัตโนมัติ: | การตอบกลับอัตโนมัติ: | स्वचालित उत्तर: |
sjálfvirkt svar: | erantzun automatikoa: | 自動返信 | 【自動返信】 | [自動返信] | 自動応答 |
【自動応答】 | [自動応答] | 自动答复 | 自动回复 | 【自动回复】 | [自动回复] | 自動回覆 |
【自動回覆】 | 자동 회신: | 자동회신: | [자동회신] | 자동 응답: | 자동응답: | [자동응답] |
부재중 자동
""")  # noqa: RUF001 (Turkish and Ukrainian are meant)
#: Beginnings that people also write: they count only with a second sign.
ABSENCE_WORDS = Beginnings("""
auto reply | auto-reply | autoreply | automatic reply | automated reply | autoresponder |
out of office | out of the office | out-of-office | ooo: | ooo | i am out of | i'm out of |
away from the office | away from my mail | on vacation | vacation | on leave | on holiday |
annual leave | maternity leave | parental leave | currently away | currently out | abwesenheit |
abwesend | nicht im büro | außer haus | bin nicht im | im urlaub | urlaub | ich bin im |
elternzeit | absence | absent | je suis absent | en congé | congés | hors du bureau | en vacances |
fuera de la oficina | fuera de oficina | ausencia | ausente | de vacaciones | vacaciones |
ausência | fora do escritório | férias | de férias | estou de férias | fuori sede | fuori ufficio |
assente | assenza | in ferie | sono in ferie | afwezig | afwezigheid | niet op kantoor |
niet aanwezig | met vakantie | vakantie | frånvarande | frånvaro | ej på kontoret | fraværende |
fravær | ikke på kontoret | på ferie | semester | poissa | poissaolo | lomalla | nieobecność |
nieobecny | nieobecna | poza biurem | urlop | na urlopie | mimo kancelář | nepřítomnost |
dovolená | mimo kanceláriu | neprítomnosť | dovolenka | házon kívül | szabadságon | szabadság |
în afara biroului | în concediu | concediu | вне офиса | в отпуске | отпуск | отсутств |
нет на месте | поза офісом | у відпустці | відпустка | ofis dışında | yıllık izin | izindeyim |
εκτός γραφείου | מחוץ למשרד | خارج المكتب | 不在 | 不在通知 | 休暇 | 外出 | 休假 | 不在办公室 |
不在辦公室 | 부재중 | 부재 | 휴가
""")  # noqa: RUF001 (Turkish and Ukrainian are meant)
