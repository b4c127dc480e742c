from collections import Counter

from gmail_ingest_tests.core.reply_set.build import items
from gmail_ingest_tests.core.reply_set.languages import languages


def test_the_set_is_what_it_says():
    """Over 600 bodies in over 40 languages, a third not to be cut, each filled and named once."""
    kinds = Counter(item.kind for item in items())
    assert kinds.total() >= 600
    assert kinds["keep"] >= 200
    assert 3 * kinds["keep"] >= kinds.total() - kinds["html"]
    assert len(languages()) >= 40
    assert len({item.name for item in items()}) == kinds.total()
    assert not [item.name for item in items() if "{own}" in item.body or "{own}" in item.reply]
    assert all(item.reply or "forward" in item.name for item in items() if item.kind != "keep")
