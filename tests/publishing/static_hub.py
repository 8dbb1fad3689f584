"""A Meltano Hub that serves files on loopback."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

API = "meltano/api/v1/plugins"


class _Quiet(SimpleHTTPRequestHandler):
    @override
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serve_hub(root: Path, **plugins: dict[str, Any]) -> Iterator[str]:
    """Serve one definition of each kind, such as `extractors={...}`."""
    handler = partial(_Quiet, directory=str(root))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        for kind, definition in plugins.items():
            _publish(root / API / kind, f"{url}/{API}/{kind}", definition)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield url
        finally:
            server.shutdown()
            thread.join()


def _publish(folder: Path, url: str, definition: dict[str, Any]) -> None:
    name, variant = definition["name"], definition["variant"]
    page = f"{name}--{variant}"
    folder.mkdir(parents=True)
    (folder / page).write_text(json.dumps(definition), encoding="utf-8")
    entry = {
        "default_variant": variant,
        "logo_url": definition.get("logo_url"),
        "variants": {variant: {"ref": f"{url}/{page}"}},
    }
    (folder / "index").write_text(json.dumps({name: entry}), encoding="utf-8")
