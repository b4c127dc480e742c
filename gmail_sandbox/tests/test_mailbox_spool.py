import pytest

from gmail_sandbox.account.spool import Spool


def test_spool_gives_back_what_was_appended(tmp_path):
    """Chunks lie one after the other, at the offset returned, in a file without a name."""
    with Spool(tmp_path) as spool:
        first = spool.append(b"ab", b"", b"cd")
        second = spool.append(b"ef")
        assert (first, second, spool.size) == (0, 4, 6)
        assert spool.read(1, 4) == b"bcde"
        assert spool.read(5, 100) == b"f"
        assert list(tmp_path.iterdir()) == []


def test_spool_close_is_final_and_repeatable():
    """A closed spool reads nothing, and closing it again does no harm."""
    spool = Spool()
    spool.append(b"x")
    spool.close()
    spool.close()
    with pytest.raises(ValueError, match="closed"):
        spool.read(0, 1)
