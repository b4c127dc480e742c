import random
import re
from collections import Counter

import pytest

from gmail_ingest.core.mail.reply.reply_text import read_reply
from gmail_ingest_tests.core.reply_set.languages import languages

PROGRAMS = ("gmail", "apple", "thunderbird", "yahoo")
LONG_ADDRESS = "einkauf.und.vertrieb.nord@handelsgesellschaft.example.org"
#: Programs fold no earlier.
NARROWEST = 55
NOT_YET = {("hy", "gmail", "")}  # ends with a full stop, as a sentence does

#: Lines that people write, and that look like what programs write.
OWN = (
    "Hello Tom,",
    "No, thanks",
    "On Monday we meet at 10:00.",
    "Please see below",
    "From: Berlin",
    "To: Munich",
    "Date: 3 May 2024",
    "Subject to change: yes",
    "- one",
    "* three",
    "4. four",
    "--",
    "---",
    "***",
    "Best regards,",
    "Ann",
    "Ann Berg",
    "ann@own.example",
    "Tel. +47 123 45 678",
    "P.S. one more thing",
    "What do you think?",
    "My address: ann@own.example",
    "Le 3 mai 2024 à 10:00",
    "At 5 pm",
    "On Friday",
    "Den 3 maj",
    "Sent from Berlin",
    "I sent it from my phone",
    "The file is on https://own.example/a?b=c: see",
    "Frage: was nun?",
    "2024-05-03",
    "Please forward to Bob <bob@own.example>,",
    "-Ann",
    "[image: x.png]",
    "你好",
)

HEADER = """\
{rule}
{from} Bob <bob@example.org>
{sent} {when}
{to} Ann <ann@example.com>
{subject} Plan

Alien one

Alien two"""


def _folds(line):
    words = line.split(" ")
    for number in range(1, len(words)):
        above = " ".join(words[:number])
        if len(above) >= NARROWEST:
            yield f"{above}\n{' '.join(words[number:])}"


@pytest.mark.parametrize("mark", ["> ", ""], ids=["marked", "unmarked"])
def test_an_introduction_goes_wherever_it_is_folded(mark):
    """In each language, with short and long addresses, above any quote (edge case 211)."""
    wrong = set()
    tried = 0
    for code, words in languages().items():
        for program in PROGRAMS:
            line = words.get(program, "")
            for introduction in (line, line.replace("sales@example.org", LONG_ADDRESS)):
                for folded in [introduction, *_folds(introduction)] if line else []:
                    quote = f"{mark}{words['quoted1']}\n{mark}{words['quoted2']}"
                    reply = read_reply(f"{words['own']}\n\n{folded}\n\n{quote}\n").text
                    tried += 1
                    if reply != words["own"]:
                        wrong.add((code, program, mark))
    assert tried >= 500
    assert wrong == {fold for fold in NOT_YET if fold[2] == mark}


@pytest.mark.parametrize("seed", range(4))
def test_no_own_word_is_lost_in_any_composition(seed):
    """Own lines in any order above, between and below quotes of any program (edge case 211)."""
    chance = random.Random(seed)
    wrong = []
    for _ in range(1_000):
        body, own = _composed(chance)
        reply = read_reply(body)
        lost = _words(own) - _words(f"{reply.text}\n{reply.signature}")
        if lost or "Alien" in reply.text:
            wrong.append((body, reply, lost))
    assert wrong == []


def _composed(chance):
    words = chance.choice(list(languages().values()))
    above, below = _own_lines(chance), ""
    program = chance.choice([program for program in PROGRAMS if program in words])
    folded = chance.choice([words[program], *_folds(words[program])])
    match chance.choice(["marked", "marked", "header"]):
        case "marked":
            below = _own_lines(chance)
            quote = f"{folded}\n\n> Alien one\n>\n> Alien two\n"
        case _:
            rule = chance.choice(["", "-----Original Message-----", "_" * 32])
            quote = HEADER.format_map({**words, "rule": rule})
    return f"{above}\n\n{quote}\n{below}", f"{above}\n{below}"


def _own_lines(chance):
    # An own line above a quote may stand alone, or right above the next one.
    return "".join(
        chance.choice(OWN) + chance.choice(["\n", "\n", "\n\n"])
        for _ in range(chance.randint(1, 6))
    )


def _words(text):
    return Counter(re.findall(r"[^\W_]+", text))
