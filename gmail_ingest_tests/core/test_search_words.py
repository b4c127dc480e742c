# ruff: noqa: RUF001 - words of many scripts, as their readers write them
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.words.former_words import former_words_of
from gmail_ingest.core.mail.words.search_words import is_pair, is_single, words_of
from gmail_ingest_tests.core.growth import assert_linear


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("An offer: 20 pencils, no. 7b!", "an offer 20 pencils no 7b"),
        (
            "\u00c9T\u00c9 Stra\u00dfe STRASSE \u0391\u03a3 \u03b1\u03c2",
            "\u00e9t\u00e9 strasse strasse \u03b1\u03c3 \u03b1\u03c3",
        ),
        ("\uff21\uff42\uff43 \ufb01le \uff76\uff9e", "abc file \u30ac"),
        ("nai\u0308ve na\u00efve", "na\u00efve na\u00efve"),
        ("sch\xadlank ze\u200bro jo\u200din \ufeffbom", "schlank zero join bom"),
        (
            "2019\u20132021 non\u2011breaking a\xa0b caf\u00e9\u2026",
            "2019 2021 non breaking a b caf\u00e9",
        ),
        (
            "\u6771\u4eac\u3002\u5927\u962a\u3001\u65e5\u672c",
            "\u6771\u4eac \u4eac \u5927\u962a \u962a \u65e5\u672c \u672c",
        ),
        ("hello\U0001f600world\u2764\ufe0fend", "hello world end"),
        (
            "\u0939\u093f\u0928\u094d\u0926\u0940 \u0e17\u0e35\u0e48",
            "\u0939\u093f\u0928\u094d\u0926\u0940 \u0e17\u0e35 \u0e35\u0e48 \u0e48",
        ),
        ("Bob.Lee+crm@mail.Acme.example", "bob lee crm mail acme example"),
        ("https://shop.example/a_b?x=1&y=%20", "https shop example a b x 1 y 20"),
        ("e-mail it's 3.14", "e mail it s 3 14"),
        ("a\x00b \ud800 c\udfffd", "a b c d"),
        ("\U00020000\U00020001", "\U00020000\U00020001 \U00020001"),
        (" \t\n-- !?", ""),
        ("", ""),
    ],
    ids=[
        *("ascii", "case", "width", "composition", "invisible", "punctuation", "ideographs"),
        *("pictures", "vowel signs", "address", "link", "compound", "no text", "second plane"),
        *("no word", "nothing"),
    ],
)
def test_words_of_a_text(text, words):
    """Letters, marks and digits make words; case, width and what nobody sees make no difference."""
    assert [word.decode() for word in words_of(text)] == words.split()


ANY_TEXT = st.text(
    st.characters()
    | st.sampled_from(
        ["\0", "\ud800", "\xad", "\u200d", "\ufe0f", "\u0301", "\ufdfa", "\xa0", "\u2028"]
    )
)


@given(ANY_TEXT)
def test_words_of_anything_are_words(text):
    """Nothing raises, and no word is empty, has a blank or is other than UTF-8 (edge case 42)."""
    for word in words_of(text):
        assert word.decode().split() == [word.decode()]


@given(ANY_TEXT, ANY_TEXT)
def test_words_do_not_depend_on_their_neighbours(text, other):
    """Two texts side by side have the words of both."""
    assert words_of(f"{text} {other}") == words_of(text) + words_of(other)


@given(st.text(st.characters(exclude_categories=["Mn", "Mc", "Me", "Cf"])))
def test_words_are_words_of_themselves(text):
    """Words looked for as they were found are found again. Not with every mark: folding splits
    letters, and a mark behind what it made of them may join one of them anew. Of pairs each ends in
    a character that is alone when they are read again.
    """
    words = [word for word in words_of(text) if not is_pair(word)]
    assert words_of(b" ".join(words).decode()) == words


@given(st.text(st.characters(max_codepoint=127)))
def test_words_of_ascii_are_the_same_beside_other_text(text):
    """The short way for plain ASCII ends where the long one does."""
    assert words_of(f"{text} \u00e9")[:-1] == words_of(text)


def test_words_known_and_words_too_long_to_remember_are_the_same():
    """A long word is folded as a short one is."""
    assert words_of("\u00c9" * 100) == [b"".join(words_of("\u00c9") * 100)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("\u845b\U000e0100\u57ce", "\u845b\u57ce \u57ce"),
        ("caf" + "e\u200d\u0301", "caf\u00e9"),
        ("\u0e43\u200b\u0e1a", "\u0e43\u0e1a \u0e1a"),
    ],
    ids=["variation selector", "joiner before an accent", "where a Thai word ends"],
)
def test_what_nobody_sees_parts_nothing(text, word):
    """A character without a shape of its own neither splits a word nor keeps its parts apart."""
    assert words_of(text) == word.encode().split()


def test_marks_without_end_are_one_word():
    """As many accents as a text can hold are normalised piece by piece, and make one word."""
    assert len(words_of("a" + "\u0301\u0316" * 80_000)) == 1


#: A text, and what it has: words that somebody may look for.
UNSPACED = {
    "Han": ("请确认合同的付款条件", ["合同", "付款", "付款条件", "请", "件"]),
    "Han of another plane": ("𠮷野家の𩸽定食", ["𠮷野", "𩸽"]),
    "kana": ("サーバーのメンテナンスについて", ["メンテナンス", "サーバー", "について"]),
    "half-width kana": ("ﾒﾝﾃﾅﾝｽ ﾀﾞｳﾝ", ["メンテナンス", "ダウン", "ﾒﾝﾃ"]),
    "iteration marks": ("時々佐々木さんいすゞ", ["時々", "佐々木", "いすゞ"]),
    "Latin among kana": ("iPhone14を購入しました", ["iPhone14", "購入", "iPhone14を購入"]),
    "figures": ("2024年5月31日（金）まで", ["2024年", "5月", "5月31日", "年", "31日"]),
    "bopomofo": ("ㄅㄆㄇ注音", ["ㄆㄇ", "注音"]),
    "Hangul": ("견적서를 보내드립니다", ["견적서", "견적", "를", "드립니다"]),
    "Hangul in jamo": ("견적서를", ["견적서"]),
    "Thai": ("ขอใบเสนอราคาสำหรับสินค้า", ["ใบเสนอราคา", "ราคา", "สำหรับ", "สินค้า"]),
    "Lao": ("ຂໍໃບສະເໜີລາຄາ", ["ໃບສະເໜີ", "ລາຄາ"]),
    "Khmer": ("សូមផ្ញើវិក្កយបត្រ", ["វិក្កយបត្រ", "ផ្ញើ"]),
    "Burmese": ("ဈေးနှုန်းစာရင်းပို့ပေးပါ", ["စာရင်း", "ဈေးနှုန်း"]),
    "Javanese": ("ꦱꦸꦒꦼꦁꦫꦮꦸꦃ", ["ꦫꦮꦸꦃ"]),
    "Yi": ("ꆈꌠꁱꂷ", ["ꁱꂷ"]),
}


def is_in(words, text):
    """Whether words stand side by side in a text."""
    found = words_of(text)
    return any(found[at : at + len(words)] == words for at in range(len(found)))


@pytest.mark.parametrize(("text", "wanted"), UNSPACED.values(), ids=UNSPACED)
def test_parts_of_a_run_without_blanks_are_words_of_it(text, wanted):
    """What stands in a run of such a script is there as pairs side by side, the last character of
    a query aside (case 03, edge case 195).
    """
    for part in wanted:
        words = words_of(part)
        if is_single(words[-1]):
            last = words.pop()
            assert words or any(word.startswith(last) for word in words_of(text)), part
        assert is_in(words, text), part


@pytest.mark.parametrize(
    ("word", "single", "pair"),
    [("会", True, False), ("会議", False, True), ("議室", False, True), ("ab", False, False)],
)
def test_pairs_are_told_from_other_words(word, single, pair):
    """A character of a run is known as such, and so are two."""
    assert (is_single(word.encode()), is_pair(word.encode())) == (single, pair)


def test_each_character_of_a_run_has_a_place_of_its_own():
    """Places agree between a text and what is copied out of its middle (edge case 195)."""
    assert [word.decode() for word in words_of("A社の件、B")] == ["a", "社の", "の件", "件", "b"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("明日の会\n議は", "明日 日の の会 会議 議は は"),
        ("明日\n\n会議", "明日 日 会議 議"),
        ("Mai\n会議", "mai 会議 議"),
        ("견적\n서를", "견적 적 서를 를"),
        ("会\n" * 3, "会会 会会 会"),
    ],
    ids=["in a word", "two paragraphs", "after Latin", "Hangul has blanks", "line by line"],
)
def test_a_line_that_ends_within_a_sentence_parts_no_word(text, words):
    """Programs break lines of Han and kana anywhere, also in a word (edge case 196)."""
    assert [word.decode() for word in words_of(text)] == words.split()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("السَّلَامُ", "السلام"),
        ("محـــمد", "محمد"),
        ("ﻣﺤﻤﺪ", "محمد"),
        ("ﷲ", "الله"),
        ("أَحْمَد", "أحمد"),
        ("ا\u0654حمد", "أحمد"),
        ("قُرْآنٌ", "قرآن"),
        ("رَحْمٰن", "رحمن"),
        ("می\u200cخواهم", "ميخواهم"),
        ("שָׁלוֹם", "שלום"),
        ("בְּרֵאשִׁ֖ית", "בראשית"),
        ("\ufb2aלום", "שלום"),
        ("ܫܠܳܡܳܐ", "ܫܠܡܐ"),
    ],
    ids=[
        *("vowels", "tatweel", "presentation forms", "ligature", "hamza", "hamza in two"),
        *("madda", "dagger alef", "joiner", "points", "cantillation", "points in one", "Syriac"),
    ],
)
def test_points_make_no_other_word(text, word):
    """Points of Hebrew, Arabic and Syriac may be written or not; letters that they make are letters
    (case 03, edge case 197).
    """
    assert words_of(text) == [word.encode()] == words_of(word)


@pytest.mark.parametrize("accented", ["café", "naïve", "й", "हिन्दी"])
def test_accents_and_vowel_signs_of_other_scripts_count(accented):
    """What makes another letter elsewhere still does."""
    assert words_of(accented) == [accented.encode()]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("น\u0e4d\u0e49า", "น้ำ"), ("เเม่", "แม่"), ("ນ\u0ecd\u0ec9າ", "ນ້ຳ"), ("ເເມ່", "ແມ່")],
    ids=["sara am in two", "e twice", "Lao am in two", "Lao e twice"],
)
def test_what_looks_the_same_in_thai_and_lao_is_the_same(typed, meant):
    """Vowels that are typed in parts are those that are typed whole (edge case 195)."""
    assert words_of(typed) == words_of(meant)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("فاتورة ١٢٣٤", "فاتورة 1234"),
        ("فاکتور ۱۲۳۴", "فاکتور 1234"),
        ("इनवॉइस २०२४", "इनवॉइस 2024"),
        ("ใบแจ้งหนี้๑๒๓", "ใบแจ้งหนี้ 123"),
        ("ໃບ໑໒", "ໃບ 12"),
        ("ចំនួន១២ថ្ងៃ", "ចំនួន 12 ថ្ងៃ"),
        ("၂၀၂၄ခုနှစ်", "2024 ခုနှစ်"),
        ("𝟙𝟚", "12"),
    ],
    ids=["Arabic", "Persian", "Devanagari", "Thai", "Lao", "Khmer", "Burmese", "mathematics"],
)
def test_a_number_is_the_same_in_all_digits(typed, meant):
    """Whoever looks for a number need not know in which digits it was written (edge case 221)."""
    assert words_of(typed) == words_of(meant)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("کتابی", "كتابي"),
        ("قرارداد همکاری", "قرارداد همكاري"),
        ("شركة المصرى", "شركة المصري"),
        ("ﮐﺘﺎﺑﯽ", "کتابی"),
    ],
    ids=["Persian", "two words", "Egypt's yeh", "presentation forms"],
)
def test_arabic_letters_of_one_shape_are_one(typed, meant):
    """Kaf and yeh are found as a keyboard or charset of Persian, Arabic or Egypt has them (edge
    case 221).
    """
    assert words_of(typed) == words_of(meant)


@pytest.mark.parametrize("text", ["ｶﾞ" * 1000, "か\u3099" * 1000, "\u1112\u1161\u11ab" * 1000])
def test_a_character_in_parts_is_one_wherever_a_long_text_has_it(text):
    """Pieces that are normalised one by one do not part a character (edge case 195)."""
    assert len(set(words_of(text))) == 2


@pytest.mark.parametrize(
    "piece",
    [
        "会議室",
        "会\n",
        "\u3300",
        "อำ",
        "\u0e40\u0e49\u0e4d",
        "א\u05b0",
        "ک۱",
        "๑",
        "가",
        "\u1100\u1161",
    ],
)
def test_words_of_scripts_without_blanks_take_linear_time(piece):
    """Ten times the text takes about ten times as long (edge case 195)."""
    assert_linear(lambda size: words_of(piece * (size // len(piece))), 5_000)


def test_words_of_a_former_release_are_as_it_found_them():
    """A run is one word of its own, and points count (edge case 199)."""
    text = "明日の会議は、 السَّلَامُ Café"
    words = ["明日の会議は", "السَّلَامُ", "café"]
    assert [word.decode() for word in former_words_of(text)] == words
