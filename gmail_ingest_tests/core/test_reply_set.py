import re
from collections import Counter

from gmail_ingest_tests.core.reply_set.build import KINDS, items
from gmail_ingest_tests.core.reply_set.languages import languages


def test_the_set_is_what_it_says():
    """Over 1,800 bodies in 67 languages, 850 of them not to be cut, each named once and filled."""
    kinds = Counter(item.kind for item in items())
    assert kinds.keys() == set(KINDS)
    assert kinds.total() >= 1_800
    assert kinds["keep-text"] + kinds["keep-html"] >= 850
    assert len(languages()) == 67
    assert len({item.name for item in items()}) == kinds.total()
    unfilled = re.compile(r"\{(own|more|who|mail|when|from|sent|to|subject|delimiter)\}")
    assert not [item.name for item in items() if unfilled.search(item.body + item.reply)]
