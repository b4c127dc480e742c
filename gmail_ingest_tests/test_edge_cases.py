from pathlib import Path

import pytest

from gmail_ingest_tests.case_list import CASES
from gmail_ingest_tests.edge_case_list import OPTIONAL, REQUIREMENTS
from gmail_ingest_tests.edge_cases import case_proofs, cases_in, inputs_in, page, proofs

PAGE = Path(__file__).parents[1] / "docs" / "edge-cases.md"
INPUTS = Path(__file__).parent / "core" / "case_inputs"


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
    assert PAGE.read_text("utf-8") == page()


@pytest.mark.parametrize(
    ("docstring", "names"),
    [
        ("Case 02 a and mail 20: a file.", {"case 02 a", "mail 20"}),
        ("A file (case 17 f, mail 19, edge cases 05 and 18).", {"case 17 f", "mail 19"}),
        (
            "By number: case 04, mails 39\n    and 40.",
            {"case 04 a", "case 04 b", "mail 39", "mail 40"},
        ),
        ("Case 18 is a rule's; (case 01 delsp).", {"case 18 a", "case 01 delsp"}),
        ("Edge case 18; 120 mail 20x.", set()),
    ],
)
def test_inputs_in_reads_every_spelling(docstring, names):
    """Cases with their letter, without it, and mails are found; edge cases are others."""
    assert inputs_in(docstring) == names


@pytest.mark.parametrize("case", CASES)
def test_case_has_a_test(case):
    """Each case is named by a test that proves it."""
    assert case_proofs().get(case)


def test_each_input_has_a_case_and_is_read_by_a_test():
    """The files are the cases, but for one that is a search; tests read each by its name."""
    files = {path.stem for path in INPUTS.iterdir() if path.suffix in {".eml", ".json"}}
    names = {case.removeprefix("case ").replace(" ", "-") for case in CASES}
    tests = "".join(path.read_text("utf-8") for path in INPUTS.parent.glob("test_case_*.py"))
    assert files == names - {"03"}
    assert {name for name in files if f'"{name}' not in tests} == set()
