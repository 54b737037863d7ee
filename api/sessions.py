"""Who asks: a bearer token, or the session cookie of the pages.

A cookie is sent by the browser whoever made it ask, so a request that changes
something and rests on a cookie must come from our own pages: the browser says
so in ``Sec-Fetch-Site``, older ones in ``Origin``. A bearer token is only sent
by who knows it and needs no such check.
"""

from __future__ import annotations

import ipaddress
from typing import TypeVar
from urllib.parse import urlsplit

from flask import request
from werkzeug.wrappers import Response

from engine import identities
from engine.access import Actor
from engine.errors import CrossSite, NotSignedIn
from engine.ports import Application
from engine.settings import is_loopback

COOKIE = "bihuan_session"
MAX_TOKEN = 500
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Page = TypeVar("Page", bound=Response)

_HINT = "Send Authorization: Bearer TOKEN, or sign in at POST /api/v1/login."


def token() -> str:
    """Return the token that the request carries; empty if it has none."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind:
        return value.strip() if kind.lower() == "bearer" else ""
    return request.cookies.get(COOKIE, "")


def address() -> str:
    """Return where the request comes from, for counting failed attempts.

    Behind a proxy on this machine it is what the proxy has added last to
    ``X-Forwarded-For``; from anywhere else that header says what the sender likes.
    """
    peer = request.remote_addr or ""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    if forwarded and is_loopback(peer) and _is_address(forwarded):
        return forwarded
    return peer


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def actor(application: Application) -> Actor:
    """Return who asks.

    Raises:
        NotSignedIn: there is no token, or nobody knows it.
    """
    known = token()
    if not known or len(known) > MAX_TOKEN or not known.isascii() or not known.isprintable():
        raise NotSignedIn(hint=_HINT)
    return identities.actor_of_token(application, known)


def check_origin() -> None:
    """Refuse a change that another site's page asks for.

    Raises:
        CrossSite: the request does not come from our own pages.
    """
    if request.method in SAFE or request.headers.get("Authorization"):
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        ours = site in ("same-origin", "none")
    elif origin is not None:
        ours = urlsplit(origin).netloc == request.host
    else:
        # No browser leaves out both on a POST; a program without a cookie may.
        ours = COOKIE not in request.cookies
    if not ours:
        raise CrossSite(hint="Use the pages of this server, or a bearer token.")


def keep(response: Page, session: str) -> Page:
    """Give the browser the session, out of reach of scripts and of other sites."""
    response.set_cookie(
        COOKIE, session, httponly=True, samesite="Lax", secure=request.is_secure, path="/"
    )
    return response


def forget(response: Page) -> Page:
    """Take the session from the browser."""
    response.delete_cookie(
        COOKIE, httponly=True, samesite="Lax", secure=request.is_secure, path="/"
    )
    return response
