"""Pages asked for without a browser, and the texts that stand on them."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.callers import callers


@pytest.fixture
def visit(app):
    """Return a function that asks for a page as somebody: (user, path) -> (status, text)."""
    calls = callers(app)

    def visit(name, path, method="GET", **form):
        caller = calls(name)
        client = caller.server.test_client(use_cookies=False)
        answer = client.open(path, method=method, headers=caller.headers, data=form or None)
        return answer.status_code, answer.get_data(as_text=True)

    return visit


def texts(page, tag):
    """The texts of all such elements, without what is marked up inside."""
    found = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", page, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]*>", " ", one)).split()) for one in found]


def part(page, name):
    """The list of that class as texts."""
    found = re.search(rf'<ul class="{name}">(.*?)</ul>', page, re.DOTALL)
    return texts(found[1], "li") if found else []
