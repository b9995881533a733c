"""Logging in to a page that other machines may reach: one token, a form, a session cookie."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Flask, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from monitor.clock import Clock

COOKIE = "condorwatch_session"
SESSION = timedelta(hours=12)
MOST_SESSIONS = 50
MOST_FAILURES = 5
FAILURE_SPAN = timedelta(minutes=1)
OPEN_ENDPOINTS = frozenset({"login", "static", "healthz", "readyz"})


@dataclass(slots=True)
class Sessions:
    """Who has logged in. In memory: a restart logs everybody out."""

    token: str
    clock: Clock
    _ends: dict[str, datetime] = field(default_factory=dict)
    _failures: deque[datetime] = field(default_factory=lambda: deque(maxlen=MOST_FAILURES))

    def knows(self, session: str | None) -> bool:
        end = self._ends.get(session or "")
        return end is not None and self.clock.now() < end

    def is_token(self, given: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(given.encode(), self.token.encode())

    def blocked(self) -> bool:
        """Whether there were too many wrong tokens lately, from anywhere."""
        full = len(self._failures) == MOST_FAILURES
        return full and self.clock.now() - self._failures[0] < FAILURE_SPAN

    def takes(self, given: str) -> bool:
        """Whether it is the token; a wrong one counts as a failure."""
        right = self.is_token(given)
        if not right:
            self._failures.append(self.clock.now())
        return right

    def begin(self, given: str) -> str | None:
        """A new session for the right token; None, and one failure more, for a wrong one."""
        if not self.takes(given):
            return None
        while len(self._ends) >= MOST_SESSIONS:
            del self._ends[next(iter(self._ends))]
        session = secrets.token_urlsafe(32)
        self._ends[session] = self.clock.now() + SESSION
        return session

    def end(self, session: str | None) -> None:
        self._ends.pop(session or "", None)


def require_login(app: Flask, sessions: Sessions) -> None:
    """Answer only those who logged in, or who send the token as `Authorization: Bearer`."""

    def guard() -> AnyResponse | None:
        if request.endpoint in OPEN_ENDPOINTS or _allowed(sessions):
            return None
        if request.endpoint == "index":
            return redirect(url_for("login"))
        abort(401, "Log in first: this page is open to other machines.")

    def login() -> AnyResponse:
        if request.method != "POST":
            return _form("")
        if sessions.blocked():
            return _form("Too many wrong tokens. Wait a minute.", 429)
        session = sessions.begin(request.form.get("token", ""))
        if session is None:
            return _form("That is not the token.", 403)
        answer = redirect(url_for("index"))
        answer.set_cookie(
            COOKIE, session, max_age=SESSION, httponly=True, samesite="Strict",
            secure=request.headers.get("Origin", "").startswith("https://"),
        )  # fmt: skip
        return answer

    def logout() -> AnyResponse:
        sessions.end(request.cookies.get(COOKIE))
        answer = redirect(url_for("login"))
        answer.delete_cookie(COOKIE)
        return answer

    app.before_request(guard)
    app.add_url_rule("/login", "login", login, methods=["GET", "POST"])
    app.add_url_rule("/logout", "logout", logout, methods=["POST"])


def _allowed(sessions: Sessions) -> bool:
    if sessions.knows(request.cookies.get(COOKIE)):
        return True
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or sessions.blocked():
        return False
    return sessions.takes(given)


def _form(why: str, status: int = 200) -> Response:
    answer = make_response(render_template("login.html", why=why), status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
