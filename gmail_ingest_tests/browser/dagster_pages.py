"""Dagster's pages in a real browser: Debian's Chromium without a window, driven by Playwright.

Holds: ``open_pages`` and ``DagsterPages``. Add here: a page that people look at.
Keep out: what must be on it (tests), where pictures go (``screenshots``, ``demo_screenshots``).
A page is ready when what was asked for is visible and nothing spins any more; Dagster's UI keeps
its connections open, so that the network is never idle.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
#: On busy cores the first page takes half a minute.
TIMEOUT_MS = 120_000
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Whatever a page refers to: nothing leaves this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_SPINNER = "[class*=spinner], [class*=Spinner]"


class DagsterPages:
    """Pages of the webserver at an address; each is the browser's one page, elsewhere."""

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        self._url = url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def backfills(self) -> Page:
        """The list of backfills."""
        return self._open("/runs?view=backfills", "emails_by_month")

    def backfill(self, backfill_id: str) -> Page:
        """One backfill with its progress."""
        return self._open(f"/runs/b/{backfill_id}", "completed")

    def partitions(self) -> Page:
        """The partition map of the months by tenant."""
        return self._open("/assets/gmail/emails_by_month?view=partitions", "Partitions Selected")

    def emails_of(self, tenant: str) -> Page:
        """A tenant's partition of the mail, with the figures of its latest materialization."""
        # What a drain run is working on spins as long as that lives.
        path = f"/assets/gmail/emails?view=partitions&partition={tenant}"
        return self._shown(path, "lag_seconds")

    def completeness(self) -> Page:
        """The check of completeness, evaluated anew for all tenants."""
        page = self._shown("/assets/gmail/completeness?view=checks", "Execute all")
        page.get_by_role("button", name="Execute all").click()
        expect(page.get_by_text("Passed").filter(visible=True).first).to_be_visible(
            timeout=TIMEOUT_MS
        )
        return self._shown("/assets/gmail/completeness?view=checks", "Passed")

    def _shown(self, path: str, shown: str) -> Page:
        self._page.goto(f"{self._url}{path}")
        found = self._page.get_by_text(shown).filter(visible=True).first
        expect(found).to_be_visible(timeout=TIMEOUT_MS)
        return self._page

    def _open(self, path: str, shown: str) -> Page:
        self._shown(path, shown)
        expect(self._page.locator(_SPINNER).filter(visible=True)).to_have_count(
            0, timeout=TIMEOUT_MS
        )
        return self._page


@contextmanager
def open_pages(url: str) -> Iterator[DagsterPages]:
    """A browser on Dagster's webserver; it is gone at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_OPTIONS)
        try:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.set_default_timeout(TIMEOUT_MS)
            yield DagsterPages(context.new_page(), url)
        finally:
            browser.close()
