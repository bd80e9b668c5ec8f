"""What stands before and behind every view: hosts, cookies, origin, CSRF, size, headers."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from flask.sessions import SecureCookieSessionInterface
from flask_wtf import CSRFProtect
from itsdangerous import URLSafeTimedSerializer
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings
from triage import context
from triage.errors import N_, NotFound, TriageError
from triage.web import PUBLIC_ENDPOINTS, access, throttle, uploads

MOST_BYTES = 1024 * 1024
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
SIGNED = "webhooks"  # verified by the provider's signature instead
# Neither has a cookie that another site could ride on: the API changes nothing without a bearer token (access.load).
CSRF_FREE = {SIGNED, access.PROGRAMS}
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
A_YEAR = 365 * 86400

SIZES = {"MAX_CONTENT_LENGTH": MOST_BYTES, "MAX_FORM_MEMORY_SIZE": MOST_BYTES, "MAX_FORM_PARTS": 500}
# A form's token lasts as long as its session. The origin is checked here, not by a Referer we forbid browsers to send.
CSRF = {"WTF_CSRF_TIME_LIMIT": None, "WTF_CSRF_SSL_STRICT": False}

POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' blob:",
    "media-src": "'self'", "font-src": "'self'", "form-action": "'self'", "frame-ancestors": "'none'",
    "base-uri": "'none'", "object-src": "'none'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Permissions-Policy": ", ".join(
        f"{name}=()" for name in (
            "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer",
            "microphone", "midi", "payment", "usb", "screen-wake-lock", "browsing-topics",
        )
    ),
}


class ForeignHost(TriageError):
    """The request names a host that is not ours."""

    code, status = "foreign_host", 400
    sentence = N_("This desk does not answer under that address. Its admin can set PUBLIC_URL.")


class ForeignOrigin(TriageError):
    """Another site sent this form or request."""

    code, status = "foreign_origin", 403
    sentence = N_("This came from another site, so nothing was done. Go to the page and do it there.")


class Csrf(CSRFProtect):  # type: ignore[misc]  # the library has no types
    """The session's token on every change, except webhooks, the API and forms with a signed token of their own."""

    def _is_exempt(self) -> bool:
        view = current_app.view_functions.get(request.endpoint or "")
        return request.blueprint in CSRF_FREE or getattr(view, "checks_form_token", False)


class Sessions(SecureCookieSessionInterface):
    """Flask's own, whose signer is made once for an application, not with every request."""

    def __init__(self) -> None:
        """It is made with the first request, when the key is known."""
        self._signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Signs and reads the cookie of `app`."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer


def init_app(app: Flask) -> None:
    """Put everything in place, the checks in the order in which they must come."""
    settings: Settings = app.config["SETTINGS"]
    app.config.update({**_cookies(settings), **SIZES, **CSRF})
    app.session_interface = Sessions()
    app.request_class = uploads.InMemory
    if settings.proxies:
        # Whoever visits is what our own proxies say, counted from the nearest; Host and scheme stay ours to configure.
        proxied = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # WSGI middleware
    throttle.init_app(app)
    for check in (refuse_foreign_hosts, access.load, refuse_foreign_origins, uploads.allow, refuse_cut_bodies):
        app.before_request(check)
    Csrf(app)
    app.before_request(access.deny_by_default)
    app.after_request(add_headers)


def _cookies(settings: Settings) -> dict[str, object]:
    return {
        "SESSION_COOKIE_NAME": "__Host-triage" if settings.secure else "triage",
        "SESSION_COOKIE_SECURE": settings.secure, "SESSION_COOKIE_HTTPONLY": True, "SESSION_COOKIE_PATH": "/",
        "SESSION_COOKIE_SAMESITE": "Strict" if settings.secure else "Lax", "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=settings.session_hours),
    }


def refuse_foreign_hosts() -> None:
    """A Host header is a claim. Public and staff pages keep to their own host where these differ."""
    if request.blueprint == "health":
        return
    settings = context.settings()
    public, staff = _hosts(settings.public_url), _hosts(settings.staff_url)
    extra = {_host(origin) for origin in settings.extra_origins}
    asked = _host(f"//{request.host}")
    if asked not in public | staff | extra:
        raise ForeignHost
    if not public & staff and asked in public and request.endpoint not in PUBLIC_ENDPOINTS | {"static", None}:
        raise NotFound


def _hosts(address: str) -> set[str]:
    host = _host(address)
    return LOOPBACK if host in LOOPBACK else {host}


def _host(address: str) -> str:
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return f"[{host}]" if ":" in host else host


def refuse_foreign_origins() -> None:
    """A change asked for by another site's page is refused, whatever cookie or token it carries."""
    if request.method not in CHANGING or request.blueprint == SIGNED:
        return
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise ForeignOrigin
    # Pages with Referrer-Policy no-referrer send "null" for their own forms: the header above decides then.
    origin = request.headers.get("Origin", "null")
    if origin != "null" and origin not in _origins(context.settings()):
        raise ForeignOrigin


def refuse_cut_bodies() -> None:
    """A body in chunks is read up to the limit, and what follows would be left out without a word: it is too large."""
    if "Transfer-Encoding" in request.headers and len(request.get_data()) >= MOST_BYTES:
        raise RequestEntityTooLarge


def _origins(settings: Settings) -> set[str]:
    parts = urlsplit(settings.public_url)
    return {*settings.origins, f"{parts.scheme}://{parts.netloc}"}


def add_headers(response: Response) -> Response:
    """Every answer says what a browser may do with it; a view may have said more strictly already."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", policy(context.settings()))
    if context.settings().secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={A_YEAR}; includeSubDomains")
    _cache(response)
    return response


def policy(settings: Settings) -> str:
    """The Content-Security-Policy of pages; the socket is named because not every browser counts it as 'self'."""
    sockets = [f"ws{origin.removeprefix('http')}" for origin in settings.origins]
    parts = {**POLICY, "connect-src": " ".join(["'self'", *sockets])}
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def _cache(response: Response) -> None:
    """Pages and answers are never kept; files with their content's mark in the address are kept for ever."""
    if request.endpoint != "static":
        response.headers["Cache-Control"] = response.headers.get("Cache-Control", "no-store")
    elif response.status_code == 200 and "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
