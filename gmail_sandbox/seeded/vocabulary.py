"""The words that seeded mail is made of.

Holds: invented companies, people and sentences, by language.
Add here: another language or topic. Keep out: MIME, dates, chance. All names are invented, and all
domains are reserved for examples (RFC 2606), so that seeded mail can never reach anybody.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Language:
    """What people who write in one language say, and the charset that their mailer uses."""

    charset: str
    people: tuple[str, ...]
    subjects: tuple[str, ...]
    greetings: tuple[str, ...]
    sentences: tuple[str, ...]
    closings: tuple[str, ...]


ENGLISH: Final = Language(
    charset="utf-8",
    people=("Dana Whitlock", "Okafor, Chidi", "Priya Raman", "Tom O'Hare", "Lena Park", "Sam Ruiz"),
    subjects=(
        "Quote for {product}",
        "Renewal of {product}",
        "Questions after the demo of {product}",
        "Purchase order {number}",
        "Invoice {number} is overdue",
        "Security review of {product}",
        "Introduction: {company}",
        "Kick-off with {company} next week",
    ),
    greetings=("Hi,", "Hello,", "Good morning,", "Hi team,"),
    sentences=(
        "Could you send the revised quote for {number} seats of {product} before Thursday?",
        "Our legal department has two remarks on section {digit} of the agreement.",
        "The pilot at {company} went well, and we would like to talk about the roll-out.",
        "I have attached the signed purchase order; the reference is {number}.",
        "We compared {product} with two other vendors and still need your data retention policy.",
        "Is the discount of {digit} percent still valid if we sign this quarter?",
        "Please add our procurement lead to this conversation, she decides on the budget.",
        "The integration test failed with error {number}; our engineers are looking into it.",
        "Shall we move the call to {digit} pm? Two of us are travelling.",
        "Thanks for the quick answer, that settles the open point about support hours.",
        "Let me check with {company} and come back to you by the end of the week.",
        "For the renewal we expect the same conditions as in order {number}.",
    ),
    closings=("Best regards,", "Thanks,", "Cheers,"),
)

GERMAN: Final = Language(
    charset="iso-8859-1",
    people=("Jörg Müller", "Käthe Groß", "Brandt, Anke"),
    subjects=("Angebot für {product}", "Rückfrage zur Rechnung {number}", "Termin nächste Woche"),
    greetings=("Guten Tag,", "Schönen guten Morgen,"),
    sentences=(
        "für die Verlängerung von {product} benötigen wir ein Angebot über {number} Plätze.",
        "Die Prüfung durch unsere Rechtsabteilung läuft noch, ich melde mich übermorgen.",
        "Können Sie die Lieferung für {company} bestätigen?",
        "Über den Rabatt von {digit} Prozent müssen wir noch sprechen.",
    ),
    closings=("Mit freundlichen Grüßen",),
)

FRENCH: Final = Language(
    charset="windows-1252",
    people=("Zoé Lefèvre", "François Noël"),
    subjects=("Devis pour {product}", "Réunion à propos de la commande n° {number}"),
    greetings=("Bonjour,",),
    sentences=(
        "le devis s\u2019élève à {number} € ; pourriez-vous le confirmer\u00a0?",
        "L\u2019équipe de {company} a validé la démonstration \u2013 merci à vous.",
        "Nous avons reçu la facture n° {number}, mais l\u2019adresse est erronée…",
    ),
    closings=("Bien à vous,", "À bientôt,"),
)

JAPANESE: Final = Language(
    charset="iso-2022-jp",
    people=("佐藤 花子", "鈴木 一郎"),
    subjects=("{product} のお見積りについて", "ご注文番号 {number} の件"),
    greetings=("いつもお世話になっております。",),
    sentences=(
        "{product} の見積書を {number} 名分お送りいただけますでしょうか。",
        "来週の打ち合わせは {digit} 時からでお願いいたします。",
        "{company} の契約書を確認いたしました。",
    ),
    closings=("よろしくお願いいたします。",),
)

POLISH: Final = Language(
    charset="utf-8",
    people=("Łukasz Żółć", "Agnieszka Wójcik"),
    subjects=("Oferta na {product} 🚀", "Zamówienie {number} \u2013 pytanie"),
    greetings=("Dzień dobry,",),
    sentences=(
        "prosimy o ofertę na {number} użytkowników {product}.",
        "Umowa z firmą {company} jest już podpisana 👍",
    ),
    closings=("Pozdrawiam",),
)

FOREIGN: Final = (GERMAN, FRENCH, JAPANESE, POLISH)

COMPANIES: Final = (
    ("Northwind Freight", "northwind.example"),
    ("Alder & Finch", "alderfinch.example"),
    ("Quill Robotics", "quill.example"),
    ("Baltic Timber", "baltictimber.example"),
    ("Harbor Dental", "harbordental.example"),
    ("Kestrel Energy", "kestrel.example"),
    ("Tallow & Sons", "tallow.example"),
    ("Meridian Labs", "meridianlabs.example"),
)
PRODUCTS: Final = ("Atlas CRM", "Beacon Sync", "Ledger Pro", "Signal Desk", "Harvest API")
USER_LABELS: Final = ("Deals", "Customers/Key accounts", "Follow up")
