"""Certificates and proxies from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme

from simulator import Account, serve
from tap_alfacrm.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simulator import Server
    from tests.conftest import Output

    Sync = Callable[..., Output]

BRANCHES = ("branches",)


@pytest.fixture
def school(tmp_path: Path) -> trustme.CA:
    """The CA of the account's certificate."""
    authority = trustme.CA()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "server.pem")
    )
    return authority


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


@pytest.mark.usefixtures("school")
def test_an_untrusted_certificate_is_refused(sync: Sync, account: Account, tmp_path: Path) -> None:
    with serve(account, certificate=tmp_path / "server.pem") as server:
        output = sync(server, streams=BRANCHES, fails=RequestError)
        assert server.log == []
    assert "the TLS certificate could not be verified" in str(output.error)


def test_the_environment_may_vouch_for_a_certificate(
    sync: Sync,
    account: Account,
    school: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    school.cert_pem.write_to_path(str(tmp_path / "school.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "school.pem"))
    with serve(account, certificate=tmp_path / "server.pem") as server:
        output = sync(server, streams=BRANCHES)
    assert output.verdict("branches").startswith("branches: COMPLETE")


def test_a_proxy_of_the_environment_is_used(
    sync: Sync, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    output = sync(server, streams=BRANCHES, fails=RequestError)
    assert server.log == []
    assert "the connection through the proxy failed" in str(output.error)


def test_a_host_may_be_excepted_from_the_proxy(
    sync: Sync, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    output = sync(server, streams=BRANCHES)
    assert output.verdict("branches").startswith("branches: COMPLETE")


def test_nothing_is_read_from_netrc(
    sync: Sync, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password other")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    sync(server, streams=BRANCHES)
    assert server.log
    assert not [request for request in server.log if "authorization" in request.headers]
