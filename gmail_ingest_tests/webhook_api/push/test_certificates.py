import asyncio

import pytest

from webhook_api.push.certificates import (
    CertificateCache,
    CertificatesUnavailableError,
    FetchedCertificates,
)


class Source:
    """Google's certificates as the test wants them, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.keys = {"one": "PEM"}
        self.fetches = 0
        self.fails = False

    def cache(self) -> CertificateCache:
        """A cache over this source."""
        return CertificateCache(self.fetch, clock=lambda: self.now)

    async def fetch(self) -> FetchedCertificates:
        """Answer, after others had their turn."""
        self.fetches += 1
        await asyncio.sleep(0)
        if self.fails:
            raise OSError("unreachable")
        return FetchedCertificates(dict(self.keys), 600.0)


def test_certificates_are_fetched_once_for_all_and_again_when_they_end(run):
    """A thousand verifications are one fetch until Cache-Control's time is over."""
    source = Source()
    cache = source.cache()

    async def find_many() -> None:
        await asyncio.gather(*(cache.find("one") for _ in range(1000)))

    run(find_many())
    assert source.fetches == 1
    source.now = 600.0
    run(find_many())
    assert source.fetches == 2


def test_an_unknown_key_id_fetches_again_but_rarely(run):
    """A rotated key is found; invented key ids cannot make us hammer Google."""
    source = Source()
    cache = source.cache()
    run(cache.find("one"))
    source.keys["two"] = "PEM"
    source.now = 9.0
    assert "two" not in run(cache.find("two"))
    source.now = 10.0
    assert "two" in run(cache.find("two"))
    for _ in range(50):
        run(cache.find("invented"))
    assert source.fetches == 2


def test_certificates_that_cannot_be_fetched_are_an_error_of_their_own(run):
    """Nothing is judged without certificates, nor a dead server hammered: edge case 19."""
    source = Source()
    source.fails = True
    cache = source.cache()
    for _ in range(5):
        with pytest.raises(CertificatesUnavailableError):
            run(cache.find("one"))
    assert source.fetches == 1
    source.fails, source.now = False, 1.0
    assert run(cache.find("one")) == {"one": "PEM"}
