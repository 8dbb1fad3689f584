"""The logo is a square image rendered from its SVG."""

from __future__ import annotations

import struct

from scripts.hub import definition
from scripts.logo import ASSETS, png


def test_logo_is_drawn_from_the_svg() -> None:
    assert (ASSETS / "logo.png").read_bytes() == png(), "run python -m scripts.logo"


def test_logo_is_square_and_named_as_the_hub_wants() -> None:
    picture = (ASSETS / "logo.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", picture[16:24])
    assert width == height >= 256
    assert definition()["logo_url"] == "/assets/logos/extractors/alfacrm.png"
