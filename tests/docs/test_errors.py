"""Every error code has its page, every page its use, and each says what happened, why, and what to do."""

from __future__ import annotations

import pytest

from .codes import codes_used, texts_in_source
from .conftest import DOCS

PAGES = {page.stem: page for page in sorted((DOCS / "reference" / "errors").glob("*.md"))}
USED = codes_used()


@pytest.mark.parametrize("code", sorted(USED))
def test_a_code_has_a_page(code: str) -> None:
    assert code in PAGES, f"docs/reference/errors/{code}.md is missing; {USED[code]} uses the code"


def test_a_page_has_a_use() -> None:
    texts = texts_in_source()
    assert [code for code in PAGES if code not in USED and code not in texts] == []


@pytest.mark.parametrize("code", PAGES)
def test_a_page_says_what_happened_why_and_what_to_do(code: str) -> None:
    text = PAGES[code].read_text()
    assert text.startswith(f"# {code}\n")
    places = [text.casefold().find(part) for part in ("what happened", "why", "what to do")]
    assert -1 not in places
    assert places == sorted(places)
    words = text.casefold()
    assert "please" not in words
    assert "failed to" not in words
