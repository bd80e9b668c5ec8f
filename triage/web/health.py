"""For machines: is the process alive, is the desk ready, and how is it doing?"""

from __future__ import annotations

import hmac
import ipaddress
import os
from pathlib import Path
from urllib.parse import urlsplit

import redis
from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from triage import context
from triage.db import db
from triage.queries import health, revisions

bp = Blueprint("health", __name__)

# With these a proxy says that it speaks for somebody else.
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """This process answers; nothing else is asked."""
    return "ok\n", 200, {"Content-Type": "text/plain; charset=utf-8"}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """Whether people can work here, part by part, and what waits. 503 where they cannot.

    Redis may be away without anybody noticing more than a moment's delay: that is said and does not
    take the node out of service.
    """
    found = {**_database(), **_spool(), **_redis()}
    well = all(found[part] == "ok" for part in ("database", "migrations", "spool"))
    return jsonify(status="ready" if well else "not ready", **found), 200 if well else 503


@bp.get("/metrics")
def metrics() -> ResponseReturnValue:
    """The figures, for who asks from this machine itself or shows METRICS_TOKEN."""
    if not (_shows_token() or _from_here()):
        abort(403 if context.settings().metrics_token else 404)
    return Response(current_app.extensions["metrics"].text(), content_type=CONTENT_TYPE_LATEST)


def _database() -> dict[str, object]:
    try:
        current = revisions.found(db.session.connection()) == revisions.wanted()
        return {"database": "ok", "migrations": "ok" if current else "behind", **(health.backlog() if current else {})}
    except SQLAlchemyError:
        db.session.remove()
        return {"database": "unreachable", "migrations": "unknown"}


def _spool() -> dict[str, object]:
    """Whether the spool can be written, and what is in it."""
    try:
        spooled = health.spooled()
    except OSError:
        return {"spool": "unreadable"}
    folder = Path(context.settings().spool_path)
    there = folder if folder.is_dir() else next(parent for parent in folder.parents if parent.is_dir())
    return {"spool": "ok" if os.access(there, os.W_OK) else "unwritable", "spool_records": spooled.records,
            "spool_oldest_seconds": int(spooled.age)}


def _redis() -> dict[str, object]:
    url = context.settings().redis_url
    if not url:
        return {}
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as client:
            client.ping()
    except redis.RedisError:
        return {"redis": "unreachable"}
    return {"redis": "ok"}


def _shows_token() -> bool:
    token = context.settings().metrics_token
    shown = request.headers.get("Authorization", "")
    return bool(token) and hmac.compare_digest(shown.encode("utf-8", "replace"), f"Bearer {token}".encode())


def _from_here() -> bool:
    """Whether a program on this machine asks by itself.

    Behind a proxy of ours everybody's connection comes from here; a proxy says so, and passes the
    public host name on.
    """
    if any(name in request.headers for name in FORWARDED) or not _loopback(_peer()):
        return False
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return False
    return host == "localhost" or _loopback(host)


def _peer() -> str:
    """Who is connected to us, whatever anybody says about whom it speaks for."""
    before = request.environ.get("werkzeug.proxy_fix.orig", {})
    return str(before.get("REMOTE_ADDR") or request.environ.get("REMOTE_ADDR") or "")


def _loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
