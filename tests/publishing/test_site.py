"""The site builds without broken links."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin

import pytest
from typing_extensions import override

from tests.publishing.conftest import PROJECT, run

if TYPE_CHECKING:
    from pathlib import Path

MKDOCS = PROJECT / ".venv" / "bin" / "mkdocs"
HERE = "https://tap-alfacrm.github.io/tap-alfacrm/"
REPOSITORY = "https://github.com/tap-alfacrm/tap-alfacrm"


class _Page(HTMLParser):
    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.words = ""
        self.prose = ""
        self.fetching: set[str] = set()
        """Classes and components for which the theme's script sends requests to other hosts."""
        self._pre = 0
        self.feed(file.read_text(encoding="utf-8"))

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        self.fetching |= {*found.get("class", "").split(), found.get("data-md-component", "")}
        self._pre += tag == "pre"
        if tag == "a":
            self.links.append(found.get("href", ""))
        elif tag in {"img", "script", "source"}:
            self.loaded.append(found.get("src", ""))
        elif tag == "link" and found.get("rel") not in {"canonical", "alternate"}:
            self.loaded.append(found.get("href", ""))

    @override
    def handle_endtag(self, tag: str) -> None:
        self._pre -= tag == "pre"

    @override
    def handle_data(self, data: str) -> None:
        self.words += data
        if not self._pre:
            self.prose += data


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site."""
    folder = tmp_path_factory.mktemp("site")
    run(MKDOCS, "build", "--strict", "--site-dir", folder, cwd=PROJECT)
    return folder


@pytest.fixture(scope="module")
def site(built: Path) -> dict[str, _Page]:
    """The pages by address."""
    found = {}
    for file in built.rglob("*.html"):
        address = file.relative_to(built).as_posix().removesuffix("index.html")
        found[urljoin(HERE, address)] = _Page(file)
    return found


def test_no_list_is_swallowed_by_a_paragraph(site: dict[str, _Page]) -> None:
    for address, page in site.items():
        assert not re.findall(r"^ *(?:\d\.|[-*]) .*", page.prose, re.MULTILINE), address


def test_each_page_is_on_the_site(site: dict[str, _Page]) -> None:
    text = "".join(page.words for page in site.values())
    for title in ("Making a release", "Several schools", "Якщо щось не так", "Если что-то не так"):
        assert title in text
    docs = [page for page in (PROJECT / "docs").rglob("*.md") if page.name != "README.md"]
    for page in docs:
        place = page.relative_to(PROJECT / "docs").with_suffix("").as_posix()
        assert f"{HERE}{place}/" in site
    assert f"{HERE}recipes/" in site


def _leads_somewhere(target: str, site: dict[str, _Page], built: Path) -> bool:
    place, _, anchor = target.partition("#")
    if place == f"{HERE}dbt.html":  # written beside the site
        return " site/dbt.html" in (PROJECT / "Makefile").read_text(encoding="utf-8")
    if place in site:
        return not anchor or unquote(anchor) in site[place].ids
    if place.startswith(HERE):
        return (built / unquote(place.removeprefix(HERE))).is_file()
    if place.startswith(f"{REPOSITORY}/blob/main/"):
        return (PROJECT / place.removeprefix(f"{REPOSITORY}/blob/main/")).exists()
    return True


def test_each_link_on_the_site_leads_somewhere(site: dict[str, _Page], built: Path) -> None:
    dead = [
        (address, link)
        for address, page in site.items()
        if not address.endswith("404.html")
        for link in (*page.links, *page.loaded)
        if not _leads_somewhere(urljoin(address, link), site, built)
    ]
    assert dead == []


def test_no_page_embeds_what_lies_elsewhere(site: dict[str, _Page]) -> None:
    for address, page in site.items():
        for loaded in page.loaded:
            assert urljoin(address, loaded).startswith(HERE) or loaded.startswith("data:")
        assert page.fetching.isdisjoint({"mermaid", "source"}), address


def test_the_start_page_shows_a_picture_first(built: Path) -> None:
    text = (built / "index.html").read_text(encoding="utf-8")
    body = text[text.index("<h1") : text.index("<h2")]
    assert body.index('answers/rejects.svg"') < body.index("is a <a")
    assert "shields.io" not in text


def test_each_page_ends_with_its_next_step() -> None:
    pages = [*(PROJECT / "docs").rglob("*.md"), *PROJECT.glob("README*.md")]
    for page in pages:
        last = page.read_text(encoding="utf-8").rstrip().rpartition("\n\n")[2]
        assert re.match(r"\*\*(?:Next|Далі|Далее):\*\* .*\]\([\w./-]+\.md", last), page


def test_installation_stands_before_what_needs_make() -> None:
    recipe = (PROJECT / "docs" / "recipes" / "meltano.md").read_text(encoding="utf-8")
    for page, title in {
        "README.md": "Installation",
        "README.uk.md": "Встановлення",
        "README.ru.md": "Установка",
    }.items():
        text = (PROJECT / page).read_text(encoding="utf-8")
        before, _, section = text.partition(f"\n## {title}\n")
        section = section.partition("\n## ")[0]
        assert not re.search(r"^ *make ", before, re.MULTILINE), page
        for command in ("uvx tap-alfacrm", "uv tool install", "meltano add", "git clone"):
            assert command in section, page
        [shell] = re.findall(r"```powershell\n(.*?)```", section, re.DOTALL)
        assert not set("|<>&;$\\`") & set(shell), page
        _, *lines = shell.splitlines()  # the first one installs uv
        assert all(line in recipe for line in lines), page


def test_charts_are_drawn_for_a_phone() -> None:
    charts = [
        *(PROJECT / "docs" / "assets" / "answers").glob("*.svg"),
        *(PROJECT / "docs").glob("benchmarks-*.svg"),
    ]
    assert len(charts) == 7
    for chart in charts:
        [width] = re.findall(r'viewBox="0 0 (\d+) ', chart.read_text(encoding="utf-8"))
        assert int(width) <= 420, chart
