"""What mail servers write in reports, by language.

Holds: the beginnings of subjects, and phrases of texts: failed, delayed, delivered.
Add here: a server's or a language's words. Keep out: how they are used (``bounce_text``).
Source: docs/decisions/0007-bounces.md: the reports themselves, as servers write them and their
public manuals quote them.

All are compared with text in the form of ``one_form``. A phrase must say what happened to the mail:
words that a person might write elsewhere ("retry", "full") do not count.
"""

_ONE_FORM = {0xA0: " ", 0x202F: " ", 0x2019: "'", 0xFF1A: ":"}


class Beginnings:
    """How a text may begin. The first two letters rule out most texts.

    Args:
        table: As of ``phrases``.
    """

    __slots__ = ("_by_start",)

    def __init__(self, table: str) -> None:
        self._by_start: dict[str, tuple[str, ...]] = {}
        for phrase in phrases(table):
            self._by_start[phrase[:2]] = (*self._by_start.get(phrase[:2], ()), phrase)

    @property
    def starts(self) -> frozenset[str]:
        """The first two letters of each."""
        return frozenset(self._by_start)

    def begin(self, text: str) -> bool:
        """Tell whether the text, in the form that ``one_form`` gives, begins with one of them."""
        return text.startswith(self._by_start.get(text[:2], ("\0",)))

    def holds(self, text: str) -> bool:
        """Tell whether the text, in the same form, is exactly one of them."""
        return text in self._by_start.get(text[:2], ())


def one_form(text: str) -> str:
    """Return the form in which phrases are compared.

    Args:
        text: A subject, or a short text.

    Returns:
        Case folded, straight apostrophes, narrow colons, single blanks.
    """
    if not text.isascii():
        text = text.translate(_ONE_FORM)
    return " ".join(text.casefold().split())


def phrases(table: str) -> tuple[str, ...]:
    """Return the phrases of a table, case folded, each once.

    Args:
        table: Rows of phrases with bars between them.
    """
    cells = (cell.strip().casefold() for line in table.splitlines() for cell in line.split("|"))
    return tuple(dict.fromkeys(cell for cell in cells if cell))


#: How a subject begins where delivery failed.
FAILED_SUBJECTS = Beginnings("""
undeliverable | undelivered | mail delivery failed | mail delivery failure | mail delivery error |
mail delivery problem | mail failure | mail system error | delivery failure | delivery failed |
delivery has failed | delivery error | delivery status notification (failure) |
delivery status notification(failure) | delivery notification: delivery has failed |
delivery report: failed | delivery unsuccessful | failure notice | failure delivery |
failed delivery | failed mail | returned mail | mail returned | returned to sender |
returned email | message undeliverable | message delivery failure |
message could not be delivered | message not delivered | mail undeliverable |
mail could not be delivered | email could not be delivered | non delivery | non-delivery |
nondeliverable | non-deliverable | unable to deliver | could not deliver |
message status - undeliverable | error sending | permanent delivery failure |
[postmaster] email delivery failure | unzustellbar | nicht zugestellt | nicht zustellbar |
zustellung fehlgeschlagen | zustellung nicht möglich | zustellungsfehler | zustellfehler |
unzugestellt | fehler bei der zustellung | fehler beim zustellen | mail nicht zustellbar |
e-mail nicht zustellbar | nachricht nicht zustellbar | nachricht nicht zugestellt |
mail konnte nicht zugestellt | e-mail konnte nicht zugestellt | ihre e-mail konnte nicht |
ihre nachricht konnte nicht | unzustellbare | non remis | échec de la remise | échec de remise |
échec de la distribution | échec de livraison | remise impossible | message non remis |
message non délivré | message non distribué | courrier non remis | impossible de remettre |
non distribuable | notification d'échec | no se puede entregar | no se pudo entregar |
no se ha podido entregar | no entregado | mensaje no entregado | correo no entregado |
error de entrega | fallo en la entrega | fallo de entrega | correo devuelto | mensaje devuelto |
no es pot lliurar | não é possível entregar | não foi possível entregar | não entregue |
falha na entrega | falha de entrega | mensagem não entregue | erro de entrega | e-mail devolvido |
non recapitabile | mancato recapito | mancata consegna | messaggio non recapitato |
mail non recapitata | impossibile recapitare | errore di recapito | errore di consegna |
avviso di mancata consegna | nelivrabil | nu poate fi livrat | mesaj nelivrat | onbestelbaar |
niet te bezorgen | niet bezorgd | kan niet worden bezorgd | bezorging mislukt |
bericht niet bezorgd | mail niet bezorgd | niedostarczone | niedostarczono | nie można dostarczyć |
nie udało się dostarczyć | błąd dostarczania | błąd dostarczenia | wiadomość niedostarczona |
zwrot wiadomości | nedoručitelné | nedoručitelná | nedoručeno | nelze doručit |
zprávu nelze doručit | nedoručiteľné | nedoručené | správa nebola doručená | kézbesíthetetlen |
nem kézbesíthető | sikertelen kézbesítés | går inte att leverera | kunde inte levereras |
olevererat | olevererbart | ej levererat | kan ikke leveres | kunne ikke leveres | ikke leveret |
ikke levert | uleveret | uleverbar | ei voi toimittaa | ei voitu toimittaa | toimitus epäonnistui |
toimittaminen epäonnistui | не удается доставить | не удаётся доставить | не удалось доставить |
не доставлено | недоставленное | сообщение не доставлено | письмо не доставлено | ошибка доставки |
не вдалося доставити | teslim edilemedi | teslim edilemez | teslim edilemeyen | iletilemedi |
iletilemeyen | δεν είναι δυνατή η παράδοση | η παράδοση απέτυχε | 配信不能 | 配信不可 |
配信できません | 配信できませんでした | 配信エラー | 配信失敗 | 配達不能 | 送信エラー |
送信できません | 未配信 | 未配達 | 无法投递 | 無法投遞 | 无法送达 | 無法送達 | 未送达 | 未送達 |
投递失败 | 傳遞失敗 | 发送失败 | 傳送失敗 | 退信 | 系统退信 | 退信通知 | 배달되지 않음 |
배달할 수 없음 | 배달 실패 | 전송 실패 | 반송 | 발송 실패 | לא ניתן למסירה | לא ניתן למסור |
تعذر التسليم | تعذر تسليم | không thể gửi | không gửi được | tidak terkirim |
tidak dapat dikirim | ส่งไม่ได้ | ไม่สามารถส่ง | अवितरित | недоставимо | nedostavljivo | neisporučivo
""")

#: Phrases of a text that says that delivery failed.
FAILED_TEXTS = phrases("""
could not be delivered | couldn't be delivered | can't be delivered | cannot be delivered |
can not be delivered | was not delivered | wasn't delivered | were not delivered |
not been delivered | not able to deliver | wasn't able to deliver | unable to deliver |
could not deliver | couldn't deliver | cannot deliver | can't deliver | failed to deliver |
delivery has failed | delivery failed | delivery failure | failed permanently |
problem delivering your message | was aborted | following recipients failed |
following recipient failed | failed because | permanently failed | permanent error |
permanent fatal error | permanent failure | did not reach the following | undeliverable |
undelivered | address(es) failed | addresses failed | address failed | address not found |
user unknown | unknown user | no such user | no mailbox here by that name |
recipient address rejected | recipient rejected | address rejected | was rejected by |
was blocked by | were rejected by | has been rejected | mailbox unavailable | mailbox is full |
message blocked | message was blocked | message not delivered |
an error occurred while trying to deliver |
error while attempting to deliver | returned to sender | not listed in domino directory |
could not be sent | couldn't be sent | undeliverable to the following | nicht zugestellt werden |
nicht zugestellt | nicht zustellbar | unzustellbar | nicht zustellen | zustellung fehlgeschlagen |
zustellung nicht möglich | fehler bei der zustellung | dauerhaft fehlgeschlagen |
nicht übermittelt werden | nicht ausgeliefert werden | empfänger unbekannt |
adresse nicht gefunden | adresse wurde nicht gefunden | empfänger nicht erreicht |
n'a pas pu être remis | n'a pas été remis | n'a pas pu être distribué | n'a pas pu être délivré |
n'a pas été délivré | n'a pas pu être livré | échec de la remise | échec de remise |
échec définitif | adresse introuvable | impossible de remettre | n'ont pas pu être remis |
n'a pas été distribué | no se pudo entregar | no se ha podido entregar |
no ha podido ser entregado | no pudo ser entregado | no se entregó | no se ha entregado |
error en la entrega | error permanente | no se encontró la dirección | dirección no encontrada |
no s'ha pogut lliurar | não pôde ser entregue | não foi possível entregar | não foi entregue |
falha na entrega | falha permanente | endereço não encontrado | non è stato possibile recapitare |
impossibile recapitare | non è stato recapitato | non può essere recapitato |
recapito non riuscito | consegna non riuscita | errore permanente | indirizzo non trovato |
non è stato consegnato | nu a putut fi livrat | kan niet worden bezorgd | kon niet worden bezorgd |
is niet bezorgd | niet afgeleverd | bezorging is mislukt | bezorging mislukt |
niet worden afgeleverd | adres niet gevonden | nie można dostarczyć | nie została dostarczona |
nie mogła zostać dostarczona | nie udało się dostarczyć | dostarczenie nie powiodło się |
nie znaleziono adresu | nelze doručit | nemohla být doručena | nebyla doručena |
doručení se nezdařilo | nepodařilo se doručit | nebola doručená | nepodarilo doručiť |
nem kézbesíthető | nem sikerült kézbesíteni | kézbesítése sikertelen | kunde inte levereras |
kunde inte leverera | levererades inte | går inte att leverera | kunne ikke leveres |
kan ikke leveres | blev ikke leveret | ble ikke levert | leveringen mislykkedes |
ei voitu toimittaa | ei voida toimittaa | toimitus epäonnistui | не удалось доставить |
не было доставлено | не может быть доставлено | не доставлено | доставка не удалась |
адрес не найден | не вдалося доставити | teslim edilemedi | teslim edilemiyor | iletilemedi |
adres bulunamad | δεν παραδόθηκε | δεν ήταν δυνατή η παράδοση | 配信できません | 配信されません |
配信に失敗 | 配信不能 | 届けることができません | お届けできません | 送信できません |
見つかりません | 无法投递 | 無法投遞 | 无法送达 | 無法送達 | 无法将 | 無法傳遞 | 未能送达 |
未送达 | 未送達 | 没有送达 | 未能投递 | 投递失败 | 发送失败 | 傳送失敗 | 退回 |
배달하지 못했습니다 | 배달되지 않았습니다 | 전송되지 않았습니다 |
전송하지 못했습니다 | 보내지 못했습니다 | 전달되지 않았습니다 |
전달하지 못했습니다 | לא נמסרה | לא ניתן היה למסור | تعذر تسليم |
لم يتم تسليم | nu a fost livrat | không gửi được | không thể gửi | không được gửi |
tidak terkirim | tidak dapat dikirim | tidak berjaya dihantar |
ไม่สามารถส่ง | ไม่ได้ส่ง | डिलीवर नहीं |
वितरित नहीं | ni bilo mogoče dostaviti | ni bilo dostavljeno |
nije isporučena | nije dostavljena | nepavyko pristatyti | netika piegādāts | ei õnnestunud
""")

#: How a subject begins where the server is still trying.
DELAYED_SUBJECTS = Beginnings("""
delivery status notification (delay | delivery status notification(delay | delivery delayed |
delivery is delayed | delivery delay | delayed | mail delivery delayed | message delayed |
message delivery delayed | mail delayed | delivery warning |
delivery notification: delivery has been delayed | delivery report: delayed |
warning: could not send | warning: cannot send | returned mail: warning | warning: message |
warning: mail | delivery incomplete | transient failure | deferred | mail delivery warning |
verzögert | zustellung verzögert | zustellungsverzögerung | verzögerte zustellung |
nachricht verzögert | retardé | remise retardée | message retardé | remise différée | retrasado |
entrega retrasada | retraso en la entrega | demorado | atrasad | entrega atrasada |
entrega adiada | ritardat | recapito ritardato | consegna ritardata | vertraagd |
bezorging vertraagd | opóźnion | opóźnienie | zpožděn | doručení zpožděno | oneskoren | késleltet |
késik | försenad | leveransen är försenad | forsinket | levering forsinket | viivästyn | задерж |
доставка задерж | отложен | затрим | gecikti | gecikmeli | 配信の遅延 | 配信遅延 | 配信が遅れて |
遅延 | 延迟 | 延遲 | 傳遞延遲 | 배달 지연 | 지연
""")

#: Phrases of a text that says that the server is still trying.
DELAYED_TEXTS = phrases("""
will retry | will be retried | will keep trying | keep trying | will continue to try |
will continue trying | continue to attempt | still being retried | still trying |
do not need to resend | don't need to resend | need not resend | need to resend your message |
no action is required on your part | not yet been delivered | warning message only |
only a warning | delivery attempts will continue | has been delayed | is delayed |
has been temporarily delayed | being delayed | temporary problem delivering | will try again |
attempts will be made | wird weiterhin versuch | weitere zustellversuche | weiterhin versucht |
erneut versucht | noch nicht zugestellt | versuchen es weiter | nicht erneut senden |
verzögert sich | continuera d'essayer | continuera à essayer | nouvelles tentatives |
a été retardé | est retardée | n'a pas encore été | réessaiera | seguirá intentando |
volverá a intentar | se ha retrasado | aún no se ha | continuará tentando | tentará novamente |
foi adiada | está atrasada | ainda não foi | continuerà a provare | verrà ritentat | riproverà |
è in ritardo | non è ancora stat | blijft proberen | opnieuw geprobeerd | is vertraagd |
nog niet bezorgd | będzie ponawia | będą ponawiane | jeszcze nie został | ponowi próbę |
bude se pokoušet | zatím nebyla doručena | fortsätter att försöka | har ännu inte | er forsinket |
endnu ikke leveret | ennå ikke levert | yritetään uudelleen | ещё не доставлено |
еще не доставлено | попытки доставки | повторит попыт | tekrar denenecek | yeniden denenecek |
再試行 | 再送を試 | 遅れています | 遅延しています | 将继续尝试 | 会继续尝试 | 將繼續嘗試 | 重试 |
已延迟 | 다시 시도 | 지연되
""")

#: How a subject begins where a mail was delivered or relayed.
DELIVERED_SUBJECTS = Beginnings("""
delivered: | relayed: | expanded: | successful mail delivery report | delivery receipt |
delivery status notification (success) | delivery status notification (relay |
delivery notification: delivery successful | delivery confirmation | return receipt |
message delivered | delivery report (delivered) | successfully delivered | zugestellt: |
übermittelt: | weitergeleitet: | verteilt: | remis : | remis: | relayé : | relayé: | distribué |
entregado: | retransmitido: | entregue: | recapitato: | consegnato: | inoltrato: | bezorgd: |
doorgestuurd: | dostarczono: | dostarczone: | doručeno: | doručené: | kézbesítve: | levererat: |
leveret: | levert: | toimitettu: | доставлено: | ретранслировано: | teslim edildi: | 配信済み: |
已送达: | 已传递: | 已傳遞: | 배달됨:
""")

#: Phrases of a text that says that a mail was delivered or relayed.
DELIVERED_TEXTS = phrases("""
has been delivered to | was successfully delivered | successfully delivered |
has been successfully | successfully relayed | delivery to these recipients or groups is complete |
delivery to these recipients is complete | was delivered to | wurde erfolgreich zugestellt |
wurde zugestellt | a été remis | se ha entregado | foi entregue | è stato recapitato | is bezorgd |
została dostarczona | byla doručena | доставлено следующим
""")
