from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from simulator import Account, Change, Fault, Quirks, Server, serve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Client:
    """A client of the API that is independent of the tap."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.session = requests.Session()

    def log_in(self, **headers: str) -> requests.Response:
        credentials = {"email": self.server.email, "api_key": self.server.api_key}
        response = self.post("auth/login", credentials, **headers)
        if response.ok:
            self.session.headers["X-ALFACRM-TOKEN"] = response.json()["token"]
        return response

    def post(self, path: str, body: object = None, **headers: str) -> requests.Response:
        return self.session.post(
            f"{self.server.url}/v2api/{path}",
            json={} if body is None else body,
            headers=headers,
            timeout=60,
            allow_redirects=False,
        )

    def envelope(self, path: str = "customer/index", **body: Any) -> dict[str, Any]:
        response = self.post(path, body)
        assert response.status_code == 200, response.text
        envelope: dict[str, Any] = response.json()
        return envelope

    def items(self, path: str = "customer/index", **body: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.envelope(path, **{"pageSize": 500, **body})["items"]
        return items

    def ids(self, path: str = "customer/index", **body: Any) -> list[int]:
        return [item["id"] for item in self.items(path, **body)]

    def sweep(self, **body: Any) -> list[int]:
        ids: list[int] = []
        page = 0
        while found := self.ids(page=page, **body):
            ids += found
            page += 1
        return ids


class Start:
    """Starts simulators and stops them after the test."""

    def __init__(self) -> None:
        self.running: list[Any] = []

    def __call__(
        self,
        quirks: Quirks | None = None,
        *,
        account: Account | None = None,
        faults: Iterable[Fault] = (),
        changes: Iterable[Change] = (),
        logged_in: bool = True,
    ) -> Client:
        context = serve(account or Account.build(), quirks or Quirks(), faults, changes)
        client = Client(context.__enter__())
        self.running.append((client, context))
        if logged_in:
            assert client.log_in().ok
        return client


@pytest.fixture
def start() -> Iterator[Start]:
    starter = Start()
    yield starter
    for client, context in reversed(starter.running):
        client.session.close()
        context.__exit__(None, None, None)
