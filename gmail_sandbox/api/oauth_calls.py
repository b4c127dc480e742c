"""The OAuth endpoints: consent, token, revoke, certificates.

Holds: what each endpoint reads and answers. Add here: an endpoint of accounts.google.com or
oauth2.googleapis.com. Keep out: what a token is (``issued_tokens``), what a key is
(``certificates``).
Source: docs/google.md#token-errors, #certificates, #oauth; RFC 6749, 7523 and 7636.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from gmail_sandbox.oauth.issued_tokens import ConsentCode, Grant
from gmail_sandbox.oauth.signed_tokens import base64url
from gmail_sandbox.state import SandboxState
from gmail_sandbox.wire.google_errors import GoogleRefusalError
from gmail_sandbox.wire.http_messages import HTML, Request, Response, json_response

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_NO_STORE = "no-cache, no-store, max-age=0, must-revalidate"

Form = dict[str, str]


class OAuthApi:
    """Google's OAuth 2.0 server over the state of one sandbox."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        #: (verb, path) → name for counters and fault rules, and what answers it.
        self.routes: dict[tuple[str, str], tuple[str, Callable[[Request], Response]]] = {
            ("GET", "/o/oauth2/v2/auth"): ("oauth2.auth", self.authorize),
            ("GET", "/o/oauth2/auth"): ("oauth2.auth", self.authorize),
            ("POST", "/token"): ("oauth2.token", self.token),
            ("POST", "/revoke"): ("oauth2.revoke", self.revoke),
            ("GET", "/oauth2/v1/certs"): ("oauth2.certs", self.certificates),
            ("GET", "/oauth2/v3/certs"): ("oauth2.certs", self.web_keys),
        }

    def mailbox_of(self, request: Request) -> str | None:
        """Return the mailbox that a request to these endpoints concerns, if that is known."""
        if request.verb == "GET":
            return request.query_parameters().get("login_hint", "").lower() or None
        form = request.form()
        token = form.get("refresh_token") or form.get("token", "")
        grant = self._state.grants.refresh_grant(token)
        if grant is None and (access := self._state.grants.access(token)) is not None:
            grant = access.grant
        return None if grant is None else grant.mailbox

    def authorize(self, request: Request) -> Response:
        """Answer the consent page as if its user had agreed: a redirect with a code.

        ``login_hint`` says who the user is; without it there must be exactly one mailbox.
        """
        query = request.query_parameters()
        target = query.get("redirect_uri", "")
        if query.get("client_id") != self._state.settings.client_id:
            return Response(401, b"Error 401: invalid_client", HTML)
        if urlsplit(target).scheme not in {"http", "https"} or "\n" in target or "\r" in target:
            return Response(400, b"Error 400: redirect_uri_mismatch", HTML)
        if query.get("response_type") != "code":
            return Response(400, b"Error 400: unsupported_response_type", HTML)
        user = self._user(query.get("login_hint", ""))
        if user is None:
            return _redirect(target, {"error": "access_denied"}, query)
        scopes = frozenset(query.get("scope", "").split())
        if query.get("include_granted_scopes") == "true":
            scopes |= self._state.grants.scopes(user, query["client_id"])
        code = ConsentCode(
            mailbox=user,
            client_id=query["client_id"],
            redirect_uri=target,
            scopes=scopes,
            challenge=query.get("code_challenge", ""),
            challenge_method=query.get("code_challenge_method", "plain"),
            offline=query.get("access_type") == "offline",
            expires_at=self._state.grants.code_deadline(),
        )
        found = {"code": self._state.grants.new_code(code), "scope": " ".join(sorted(scopes))}
        return _redirect(target, found, query)

    def token(self, request: Request) -> Response:
        """Answer the token endpoint for the three kinds of grant that Google's libraries use."""
        form = request.form()
        kind = form.get("grant_type", "")
        kinds: dict[str, Callable[[Form], Response]] = {
            "refresh_token": self._refresh,
            "authorization_code": self._exchange,
            JWT_BEARER: self._assertion,
        }
        if kind not in kinds:
            raise GoogleRefusalError("unsupported_grant_type", detail=kind)
        return kinds[kind](form)

    def revoke(self, request: Request) -> Response:
        """End the whole grant of a token."""
        token = request.form().get("token") or request.query_parameters().get("token", "")
        if not self._state.grants.revoke(token):
            raise GoogleRefusalError("invalid_token")
        return json_response({})

    def certificates(self, _request: Request) -> Response:
        """Answer the certificates, key id → PEM."""
        return json_response(self._state.keys.certificates(), cache=self._cacheable())

    def web_keys(self, _request: Request) -> Response:
        """Answer the keys as JSON web keys."""
        return json_response(self._state.keys.web_keys(), cache=self._cacheable())

    def _cacheable(self) -> str:
        age = self._state.settings.certificates_max_age
        return f"public, max-age={age}, must-revalidate, no-transform"

    def _user(self, hint: str) -> str | None:
        if hint:
            account = self._state.accounts.get(hint)
            return None if account is None else account.mailbox.address
        known = list(self._state.accounts)
        return known[0] if len(known) == 1 else None

    def _check_client(self, form: Form) -> str:
        settings = self._state.settings
        if form.get("client_id") != settings.client_id:
            raise GoogleRefusalError("invalid_client")
        if not hmac.compare_digest(
            form.get("client_secret", "").encode(), settings.client_secret.encode()
        ):
            raise GoogleRefusalError("wrong_client_secret")
        return settings.client_id

    def _refresh(self, form: Form) -> Response:
        client = self._check_client(form)
        token = _required(form, "refresh_token")
        grant = self._state.grants.refresh_grant(token)
        if grant is None:
            raise GoogleRefusalError("invalid_grant")
        if grant.client_id != client:
            raise GoogleRefusalError("unauthorized")
        scopes = frozenset(form.get("scope", "").split()) or grant.scopes
        if not scopes <= grant.scopes:
            raise GoogleRefusalError("invalid_scope")
        extra: dict[str, Any] = {}
        if self._state.settings.rotate_refresh_tokens:
            extra["refresh_token"] = self._state.grants.new_refresh_token(grant)
            self._state.grants.end_refresh_token(token)
        return self._tokens(grant, scopes, extra)

    def _exchange(self, form: Form) -> Response:
        client = self._check_client(form)
        code = self._state.grants.take_code(_required(form, "code"))
        if code is None or code.client_id != client:
            raise GoogleRefusalError("malformed_code")
        if form.get("redirect_uri") != code.redirect_uri:
            raise GoogleRefusalError("redirect_uri_mismatch")
        _check_verifier(code, form.get("code_verifier", ""))
        grant = self._state.grants.consent(code.mailbox, client, code.scopes)
        extra: dict[str, Any] = {}
        if code.offline:
            extra["refresh_token"] = self._state.grants.new_refresh_token(grant)
        if "openid" in code.scopes:
            extra["id_token"] = self._identity(code.mailbox, client)
        return self._tokens(grant, code.scopes, extra)

    def _assertion(self, form: Form) -> Response:
        own = f"{self._state.base_url}/token"
        account, claims = self._state.service_accounts.verify(_required(form, "assertion"), own)
        scopes = frozenset(str(claims.get("scope", "")).split())
        subject = str(claims.get("sub") or account.email).lower()
        if subject == account.email:
            return self._tokens(Grant(None, account.email, scopes), scopes, {})
        if not account.may_act_for(subject) or (account.scopes and not scopes <= account.scopes):
            raise GoogleRefusalError("unauthorized_client")
        found = self._state.accounts.of_subject(subject)
        if found is None:
            raise GoogleRefusalError("invalid_email")
        grant = self._state.grants.consent(found.mailbox.address, account.email, scopes)
        return self._tokens(grant, scopes, {})

    def _identity(self, mailbox: str, client: str) -> str:
        now = int(self._state.clock.now())
        return self._state.keys.sign(
            {
                "iss": "https://accounts.google.com",
                "aud": client,
                "azp": client,
                "sub": self._state.accounts[mailbox].google_id,
                "email": mailbox,
                "email_verified": True,
                "iat": now,
                "exp": now + 3_600,
            }
        )

    def _tokens(self, grant: Grant, scopes: frozenset[str], extra: dict[str, Any]) -> Response:
        content = {
            "access_token": self._state.grants.new_access_token(grant, scopes),
            "expires_in": self._state.grants.access_token_seconds - 1,
            **extra,
            "scope": " ".join(sorted(scopes)),
            "token_type": "Bearer",
        }
        return json_response(content, cache=_NO_STORE)


def _required(form: Form, name: str) -> str:
    value = form.get(name, "")
    if not value:
        raise GoogleRefusalError("invalid_request", detail=name)
    return value


def _check_verifier(code: ConsentCode, verifier: str) -> None:
    if not code.challenge:
        return
    if not verifier:
        raise GoogleRefusalError("missing_code_verifier")
    expected = verifier
    if code.challenge_method == "S256":
        expected = base64url(hashlib.sha256(verifier.encode()).digest())
    if not hmac.compare_digest(expected.encode(), code.challenge.encode()):
        raise GoogleRefusalError("invalid_code_verifier")


def _redirect(target: str, found: dict[str, str], query: Form) -> Response:
    if "state" in query:
        found = {"state": query["state"], **found}
    glue = "&" if urlsplit(target).query else "?"
    return Response(302, b"", HTML, (("Location", f"{target}{glue}{urlencode(found)}"),))
