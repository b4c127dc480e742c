from pathlib import Path

import pytest

from gmail_ingest_tests.edge_case_list import OPTIONAL, REQUIREMENTS
from gmail_ingest_tests.edge_cases import cases_in, page, proofs

PAGE = Path(__file__).parents[1] / "docs" / "edge-cases.md"


@pytest.mark.parametrize(
    ("docstring", "numbers"),
    [
        ("A sync ends (edge case 7).", {7}),
        ("A sync ends: edge case 25, edge case 72.", {25, 72}),
        ("A sync ends (edge cases 1, 3 to 5, 8\n    and 11).", {1, 3, 4, 5, 8, 11}),
        ("It ends (edge cases 41, 42, and 47), after 30 s.", {41, 42, 47}),
        ("After 27 attempts it ends.", set()),
    ],
)
def test_cases_in_reads_every_spelling(docstring, numbers):
    """Single numbers, lists and ranges are found, over line breaks too."""
    assert cases_in(docstring) == numbers


@pytest.mark.parametrize("number", sorted(REQUIREMENTS.keys() - OPTIONAL))
def test_edge_case_has_a_test(number):
    """Each number of the list is named by a test that proves it."""
    assert proofs().get(number)


def test_tests_name_known_cases_only():
    """A number that is not in the list is a slip of the pen."""
    assert proofs().keys() <= REQUIREMENTS.keys()


def test_page_of_edge_cases_is_up_to_date():
    """The page says what the docstrings say; its first lines name the command that writes it."""
    assert PAGE.read_text("utf-8") == page(proofs())
