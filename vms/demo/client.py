"""The demo as an outside client: what it asks of the node, through the contract's HTTP interface."""

from __future__ import annotations

from typing import Any

import httpx2

from vms.base.errors import Kind, VmsError

API = "/api/v1"


class NodeClient:
    """A bearer client of one node on loopback."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=60.0, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def alive(self) -> bool | None:
        """True once the API answers signed-in calls; None while it does not."""
        try:
            answer = self._http.get(f"{API}/me")
        except httpx2.TransportError:
            return None
        return True if answer.status_code == 200 else None

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        return self._call("GET", path, params=query)

    def post(self, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        return self._call("POST", path, json=body, headers=headers)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call("PATCH", path, json=body)

    def items(self, path: str) -> list[dict[str, Any]]:
        """All pages of a list."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str | int] = {}
        while True:
            page = self.get(path, limit=500, **cursor)
            found += page["items"]
            if not page["next"]:
                return found
            cursor = {"cursor": page["next"]}

    def _call(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, API + path, **sent)
        except httpx2.TransportError as error:
            raise VmsError(Kind.UNAVAILABLE, f"{method} {API}{path} was not answered: {error}") from error
        if answer.status_code >= 400:
            detail = answer.json().get("detail", "") if "json" in answer.headers.get("content-type", "") else ""
            where = f"{answer.request.method} {answer.request.url.path}"
            raise VmsError(Kind.UNAVAILABLE, f"{where} was answered {answer.status_code}: {detail}")
        return answer.json() if answer.content else {}
