"""A small OpenID Connect provider over HTTP: codes with PKCE, signed tokens, and forged tokens on request."""

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from infra.local.ports import HOST, find_free_port

CLIENT_ID, CLIENT_SECRET = "desk", "the-secret-of-the-desk-at-its-provider"


class FakeOpenIdProvider:
    """Authenticates one user at a time.

    `claims` are added to the next tokens and may override the right ones; `forge` changes how tokens are signed.
    """

    def __init__(self, port: int) -> None:
        self.issuer = f"http://{HOST}:{port}"
        self.claims: dict[str, Any] = {}
        self.forge: str | None = None
        """`key` signs with an unknown key, `secret` with the client's secret, `none` not at all.

        `missing` sends no token.
        """
        self.codes: dict[str, dict[str, str]] = {}
        self._key = RSAKey.generate_key(2048, {"kid": "one"})
        self._unknown_key = RSAKey.generate_key(2048, {"kid": "one"})

    def authorize(self, query: dict[str, str]) -> str:
        """Return the code with which a user returns who signed in at the address with this query."""
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        assert query["client_id"] == CLIENT_ID
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return code

    def app(self) -> Starlette:
        """Return the endpoints that the desk itself calls."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/keys", self._keys),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _metadata(self, _: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def _keys(self, _: Request) -> JSONResponse:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    async def _token(self, request: Request) -> JSONResponse:
        form = await request.form()
        authorization = self.codes.pop(str(form.get("code")), None)
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        challenge = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        encoded_challenge = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        if (
            authorization is None
            or authorization["code_challenge"] != encoded_challenge
            or request.headers.get("authorization") != f"Basic {basic}"
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        answer = {"access_token": "access", "token_type": "Bearer", "expires_in": 300}
        return JSONResponse(answer if self.forge == "missing" else answer | {"id_token": self._sign(authorization)})

    def _sign(self, authorization: dict[str, str]) -> str:
        now = int(time.time())
        valid = {"iss": self.issuer, "aud": CLIENT_ID, "sub": "person-1", "iat": now, "exp": now + 300}
        claims = {
            name: value for name, value in (valid | {"nonce": authorization["nonce"]} | self.claims).items() if value
        }
        if self.forge == "none":
            head, body, _ = jwt.encode({"alg": "RS256"}, claims, self._key).split(".")
            head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
            return f"{head}.{body}."
        if self.forge == "secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET))
        key = self._unknown_key if self.forge == "key" else self._key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)


@contextmanager
def serving_provider() -> Iterator[FakeOpenIdProvider]:
    """Serve a provider on its own thread, as a separate site."""
    port = find_free_port()
    provider = FakeOpenIdProvider(port)
    config = uvicorn.Config(provider.app(), host=HOST, port=port, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join()
