import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.addresses.domains import (
    ascii_domain,
    canonical_address,
    organisation_of,
    readable_domain,
    spellings_of,
)


@pytest.mark.parametrize(
    ("domain", "ascii_form", "readable"),
    [
        ("X.Example.", "x.example", "x.example"),
        ("b\u00fccher.example", "xn--bcher-kva.example", "b\u00fccher.example"),
        ("B\u00dcCHER.Example", "xn--bcher-kva.example", "b\u00fccher.example"),
        ("bu\u0308cher.example.", "xn--bcher-kva.example", "b\u00fccher.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example", "b\u00fccher.example"),
        ("a.b\u00fccher.xn--p1ai", "a.xn--bcher-kva.xn--p1ai", "a.b\u00fccher.\u0440\u0444"),
        ("stra\u00dfe.example", "xn--strae-oqa.example", "stra\u00dfe.example"),
        ("\u4f8b\u3048\u3002jp", "xn--r8jz45g.jp", "\u4f8b\u3048.jp"),
        ("i\u2764.example", "xn--i-7iq.example", "i\u2764.example"),
        ("xn--zzzz9999.example", "xn--zzzz9999.example", "xn--zzzz9999.example"),
        ("xn--.example", "xn--.example", "xn--.example"),
        ("\uff20.example", "xn--oh7c.example", "\uff20.example"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_a_domain_has_two_spellings(domain, ascii_form, readable):
    """As the DNS has it and in letters, by IDNA 2008, emoji too (edge case 186)."""
    assert ascii_domain(domain) == ascii_form
    assert readable_domain(domain) == readable
    assert ascii_domain(readable) == ascii_form


def test_domains_of_two_owners_stay_two():
    """IDNA 2003 took a sharp s for two letters: that is another owner's domain."""
    assert ascii_domain("stra\u00dfe.example") != ascii_domain("strasse.example")


@pytest.mark.parametrize(
    ("address", "spellings"),
    [
        ("Ann@X.example.", ("ann@x.example",)),
        ("ann@b\u00fccher.example", ("ann@xn--bcher-kva.example", "ann@b\u00fccher.example")),
        ("ann@xn--bcher-kva.example", ("ann@xn--bcher-kva.example", "ann@b\u00fccher.example")),
        ('"Ann"@x.example', ("ann@x.example", '"ann"@x.example')),
        ('"front desk"@x.example', ('"front desk"@x.example',)),
        ("ann", ("ann",)),
        ("", ("",)),
    ],
)
def test_spellings_of_an_address(address, spellings):
    """One for nearly everybody, two where the domain can be written in letters (edge case 186)."""
    assert spellings_of(address) == spellings


@pytest.mark.parametrize(
    ("domain", "organisation"),
    [
        ("x.example", "x.example"),
        ("a.b.x.example", "x.example"),
        ("www.crm.co.uk", "crm.co.uk"),
        ("crm.co.uk", "crm.co.uk"),
        ("a.crm.com.br", "crm.com.br"),
        ("a.b\u00fccher.example", "xn--bcher-kva.example"),
        ("localhost", "localhost"),
    ],
)
def test_organisation_of_a_domain(domain, organisation):
    """What one owner registers, by the shape of the name."""
    assert organisation_of(domain) == organisation


@given(
    st.text(st.characters(codec=None), max_size=40)
    | st.text("xn-.\u00fc\u00df\u4f8b\u200d\u0308aZ")
)
def test_any_text_has_one_form(text):
    """Nothing raises, a form is its own form, and no sign becomes a mark of addresses."""
    assert ascii_domain(text).count("@") == text.count("@")
    assert ascii_domain(ascii_domain(text)) == ascii_domain(text)
    assert canonical_address(canonical_address(text)) == canonical_address(text)
    assert canonical_address(text) in spellings_of(text)


def test_a_long_domain_is_not_converted():
    """Conversion costs the square of a label's length: beyond what a domain may have, none."""
    assert ascii_domain("\u00fc" * 100_000) == "\u00fc" * 100_000
