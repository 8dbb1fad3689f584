"""The page says what the models say, in each language, and a browser shows it."""

from __future__ import annotations

import itertools
import re
import shutil
import string
from collections import defaultdict
from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING

import duckdb
import pytest
from click.testing import CliRunner
from playwright.sync_api import sync_playwright

from alfacrm_report import __main__ as command
from alfacrm_report import building, charts, kit, page, words
from alfacrm_report.database import connect, parts, plain_uri
from alfacrm_report.figures import CHAPTERS
from tests.dbt.kit import DBT, MODELS, TODAY, Warehouse
from tests.reliability.process import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FIGURES = [figure.__name__ for figures in CHAPTERS.values() for figure in figures]
WIDTHS = (390, 1280)
OF_RUN = {"proof", "quality"}
"""Figures about the load itself, which selects other streams in each database."""
FIGURE = re.compile(r'<figure id="(?P<id>\w+-\w+)".*?</figure>', re.DOTALL)
CELL = re.compile(r'<td data-name="(?P<name>\w+)" data-value="(?P<value>[^"]*)"')
BODY = re.compile(r"<tbody>.*?</tbody>", re.DOTALL)
TILE = re.compile(r'data-tile="(\w+)" data-value="([^"]*)"')
SQL = re.compile(r"```sql\n(.*?)```", re.DOTALL)
"""Queries of the models; SQL of another database has its name as a title."""
CLIPPED = """() => [...document.querySelectorAll("main:not([hidden]) svg.chart")].flatMap(svg => {
    const box = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text")].filter(text => {
        const own = text.getBoundingClientRect();
        return own.width && (own.left < box.left - 1 || own.right > box.right + 1);
    }).map(text => `${svg.closest("figure").dataset.figure}: ${text.textContent}`);
})"""
UNDRAWN = """() => [...document.querySelectorAll("main:not([hidden]) .picture")].filter(picture => {
    const seen = [...picture.querySelectorAll("svg")].filter(svg => svg.getClientRects().length);
    const drawn = ".mark-rect path, .mark-line path";
    const marks = seen.flatMap(svg => [...svg.querySelectorAll(drawn)]);
    return seen.length !== 1 || !marks.some(mark => mark.getBoundingClientRect().width > 3);
}).map(picture => picture.closest("figure").dataset.figure)"""


def _page(warehouse: Warehouse, *, names: bool = False) -> str:
    with connect(warehouse.address, MODELS) as database:
        data = kit.Data(database, TODAY, with_names=names)
        return page.render(data, language="en", currency="UAH")


@pytest.fixture(scope="session")
def html(duckdb_models: Warehouse) -> str:
    return _page(duckdb_models)


@pytest.fixture(scope="session")
def file(html: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "school.html"
    path.write_text(html, encoding="utf-8")
    return path


def _figures(html: str) -> dict[str, str]:
    return {match["id"]: match[0] for match in FIGURE.finditer(html)}


def _sums(figure: str) -> dict[str, Decimal]:
    """The sum of each numeric column of a figure's table."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for body in BODY.findall(figure):
        for cell in CELL.finditer(body):
            if re.fullmatch(r"-?[\d.]+", cell["value"]):
                sums[cell["name"]] += Decimal(cell["value"])
    return sums


def _tiles(html: str) -> dict[str, str]:
    return dict(TILE.findall(html))


def test_each_text_is_in_each_language() -> None:
    for key, texts in words.table().items():
        assert set(texts) == set(words.LANGUAGES), key
        places = {
            tuple(sorted(name for _, name, _, _ in string.Formatter().parse(text) if name))
            for text in texts.values()
        }
        assert len(places) == 1, key
        assert all(texts.values()), key


def test_each_check_of_the_models_has_a_name(duckdb_models: Warehouse) -> None:
    names = {
        f"check.{name}"
        for (name,) in duckdb_models.ask("SELECT check_name FROM alfacrm__data_quality")
    }
    known = {key for key in words.table() if key.startswith("check.")}
    assert names == known


def test_each_figure_is_there_in_each_language(html: str) -> None:
    wanted = {f"{language}-{key}" for language in words.LANGUAGES for key in FIGURES}
    figures = _figures(html)
    assert set(figures) == wanted
    for name, text in figures.items():
        assert "<table" in text, name
        assert ("<svg" in text) == (not name.endswith("-proof")), name


def test_each_mart_has_a_figure(html: str) -> None:
    marts = {file.stem for file in (PROJECT / "dbt" / "models" / "marts").glob("*.sql")}
    assert marts <= set(re.findall(r"alfacrm__\w+", html))


def test_totals_are_those_of_the_models(html: str, duckdb_models: Warehouse) -> None:
    since, until = (kit.add_months(TODAY, -12), kit.add_months(TODAY, -1))
    year = f"BETWEEN DATE '{since}' AND DATE '{until}'"
    truth = {
        ("customers", "cards"): "SELECT count(*) FROM alfacrm__customers",
        ("customers", "clients"): "SELECT count(*) FROM stg_alfacrm__customers "
        "WHERE is_client AND NOT is_archived",
        ("funnel", "open_leads"): "SELECT count(*) FROM stg_alfacrm__customers "
        "WHERE NOT is_client AND NOT is_archived",
        ("reasons", "lost"): f"SELECT count(*) FROM alfacrm__lead_losses WHERE lost_month {year}",
        ("losses", "lost"): f"SELECT count(*) FROM alfacrm__lead_losses WHERE lost_month {year}",
        ("cohorts", "cards"): f"SELECT count(*) FROM alfacrm__customers WHERE created_month {year}",
        ("attendance", "came"): "SELECT count(*) FROM alfacrm__attendance "
        f"WHERE is_attended AND lesson_month {year}",
        ("revenue", "income"): f"SELECT sum(income) FROM alfacrm__revenue "
        f"WHERE revenue_month {year}",
        ("revenue", "refunds"): f"SELECT sum(refunds) FROM alfacrm__revenue "
        f"WHERE revenue_month {year}",
        ("branches", "net_income"): f"SELECT sum(net_income) FROM alfacrm__revenue "
        f"WHERE revenue_month {year}",
        ("balances", "debt"): "SELECT -sum(balance) FROM alfacrm__balances WHERE balance < 0",
        ("groups", "groups"): "SELECT count(*) FROM alfacrm__group_occupancy WHERE NOT is_archived",
        ("quality", "rows_failing"): "SELECT sum(rows_failing) FROM alfacrm__data_quality",
        ("proof", "emitted"): "SELECT sum(emitted) FROM stg_alfacrm__sync_audit",
    }
    nothing = 0
    for language in words.LANGUAGES:
        figures = _figures(html)
        for (figure, column), query in truth.items():
            [(total,)] = duckdb_models.ask(query)
            nothing += not total
            assert _sums(figures[f"{language}-{figure}"])[column] == (total or 0), (
                figure,
                column,
            )
    assert nothing <= len(words.LANGUAGES)  # a small school may have no refunds
    tiles = _tiles(html)
    [(debt,)] = duckdb_models.ask("SELECT sum(debt) FROM alfacrm__debtors")
    [(whole,)] = duckdb_models.ask(
        "SELECT count(*) FROM stg_alfacrm__sync_audit WHERE verdict = 'COMPLETE'"
    )
    assert (Decimal(tiles["debt"]), int(tiles["proof"])) == (debt, whole)


def test_both_databases_give_the_same_page(html: str, postgres_models: Warehouse) -> None:
    ours = _figures(html)
    theirs = _figures(_page(postgres_models))
    for name, figure in ours.items():
        if name.partition("-")[2] not in OF_RUN:
            assert figure == theirs[name], name


def test_each_query_of_the_docs_runs_in_both(
    duckdb_models: Warehouse, postgres_models: Warehouse
) -> None:
    pages = [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")]
    queries = [query for file in pages for query in SQL.findall(file.read_text("utf-8"))]
    assert len(queries) >= 6
    for query in queries:
        for warehouse in (duckdb_models, postgres_models):
            warehouse.ask(query)


def test_names_of_pupils_only_on_request(html: str, duckdb_models: Warehouse) -> None:
    names = {name for (name,) in duckdb_models.ask("SELECT name FROM stg_alfacrm__customers")}
    staff = {
        name
        for model, column in (("users", "name"), ("teachers", "name"))
        for (name,) in duckdb_models.ask(f"SELECT {column} FROM stg_alfacrm__{model}")
    }
    shown = set(re.findall(r'data-name="customer" data-value="([^"]*)"', html))
    assert shown
    assert all(value.startswith("№") for value in shown)
    text = unescape(html)
    assert not [name for name in names - staff if name and len(name) > 8 and name in text]
    with_names = _page(duckdb_models, names=True)
    shown = set(re.findall(r'data-name="customer" data-value="([^"]*)"', with_names))
    assert {unescape(value) for value in shown} <= names


def test_names_of_the_account_are_escaped(duckdb_models: Warehouse, tmp_path: Path) -> None:
    copy = duckdb_models.copy(tmp_path)

    with duckdb.connect(copy.address) as connection:
        connection.execute(
            f"UPDATE {MODELS}.alfacrm__lead_funnel SET stage = '<b onclick=x>&{{1}}</b>'"
        )
        connection.execute(
            f"UPDATE {MODELS}.alfacrm__lead_losses SET reason = '<script>alert(1)</script>'"
        )
    text = _page(copy)
    assert "<b onclick" not in text
    assert "<script>alert" not in text
    assert "&lt;b onclick=x&gt;&amp;{1}&lt;/b&gt;" in text
    assert "&amp;lt;" not in text
    assert "&amp;#39;" not in text


def test_empty_marts_are_named(duckdb_models: Warehouse, tmp_path: Path) -> None:
    copy = duckdb_models.copy(tmp_path)

    with duckdb.connect(copy.address) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables "
            f"WHERE table_schema = '{MODELS}' AND table_type = 'BASE TABLE'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"DELETE FROM {MODELS}.{table}")
        connection.execute("DELETE FROM main.sync_audit")
    text = _page(copy)
    english = words.table()
    for name, figure in _figures(text).items():
        if name.startswith("en-"):
            assert "<svg" not in figure
            key = f"{name.removeprefix('en-')}.none"
            assert english.get(key, english["empty"])["en"] in figure, name


def _contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts_of = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts_of]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_colours_contrast_with_the_paper(html: str) -> None:
    """By WCAG 2: 4.5 for text, 3 for the marks of a chart."""
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6})", block))
        for block in re.findall(r":root \{(.*?)\n\s*\}", html, re.DOTALL)[:2]
    )
    assert set(light) == set(dark)
    for theme in (light, dark):
        for text, paper in itertools.product(
            ("ink", "muted", "accent", "good", "bad"), ("paper", "card")
        ):
            assert _contrast(theme[text], theme[paper]) >= 4.5, (text, paper)
        for number in range(7):
            assert _contrast(theme[f"c{number}"], theme["card"]) >= 3, number
        for shade in range(6):
            text = "on-dark" if shade >= 4 else "ink"
            assert _contrast(theme[text], theme[f"h{shade}"]) >= 4.5, shade


@pytest.mark.parametrize(
    ("low", "top", "wanted"),
    [(0, 1, [0, 0.25, 0.5, 0.75, 1]), (0, 0, [0, 0.25, 0.5, 0.75, 1]), (-70, 960, None)],
)
def test_ticks_are_round(low: float, top: float, wanted: list[float] | None) -> None:
    ticks = charts.nice_ticks(low, top)
    assert ticks[0] <= low
    assert ticks[-1] >= top
    assert 3 <= len(ticks) <= 8
    assert wanted is None or ticks == wanted


def test_numbers_are_written_as_the_language_writes_them() -> None:
    english, ukrainian = words.Words("en", "₴"), words.Words("uk")
    assert english.money(Decimal("1234567.5")) == "1,234,568\xa0₴"
    assert ukrainian.number(1234567) == "1\xa0234\xa0567"
    assert english.short(1_250_000) == "1.2M"
    assert english.change(90, 100) == "\N{MINUS SIGN}10%"
    assert english.change(1, 0) == words.NONE
    assert english.points(0.875, 0.85) == "+2.5 pp"
    assert ukrainian.month(TODAY) == "листопад 2025"


def test_urls_of_sqlalchemy_are_understood() -> None:
    url = "postgresql+psycopg://me:p%40ss@host:5433/school"
    assert plain_uri(url) == "postgresql://me:p%40ss@host:5433/school"
    assert parts(url) == {
        "host": "host",
        "port": "5433",
        "user": "me",
        "password": "p@ss",
        "dbname": "school",
    }


def test_the_command_builds_and_writes(
    duckdb_models: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = duckdb_models.copy(tmp_path)

    with duckdb.connect(copy.address) as connection:
        connection.execute(f"DROP SCHEMA {MODELS} CASCADE")
    monkeypatch.setenv("ALFACRM_DBT", str(DBT))
    output = tmp_path / "new" / "school.html"
    arguments = [copy.address, "--timezone=Europe/Kyiv", "--today=2025-11-01"]
    done = CliRunner().invoke(command.main, [*arguments, f"--output={output}", "--language=en"])
    assert done.exit_code == 0, done.output
    assert str(output) in done.output
    assert '<html lang="en">' in output.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["absent.duckdb"], 2, "no file absent.duckdb"),
        (["empty.duckdb", "--no-build"], 1, MODELS),
    ],
)
def test_the_command_names_what_is_wrong(
    arguments: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.chdir(tmp_path)
    duckdb.connect("empty.duckdb").close()
    done = CliRunner().invoke(command.main, arguments)
    assert done.exit_code == code
    assert said in done.output
    assert not (tmp_path / "school.html").exists()


def test_the_package_of_dbt_is_found() -> None:
    assert (building.package() / "dbt_project.yml").exists()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        # root, as in a container, has no sandbox
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def _open(browser: Browser, file: Path, width: int, scheme: str) -> tuple[Page, list[str]]:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    opened, complaints = context.new_page(), list[str]()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("request", lambda request: complaints.append(request.url))
    opened.goto(file.as_uri())
    return opened, complaints


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_the_page(browser: Browser, file: Path, width: int, scheme: str) -> None:
    opened, complaints = _open(browser, file, width, scheme)
    for language in words.LANGUAGES:
        opened.locator(f"main:not([hidden]) [data-language={language}]").click()
        [shown] = opened.locator("main:not([hidden])").all()
        assert shown.get_attribute("lang") == language
        assert opened.evaluate("document.documentElement.lang") == language
        assert opened.title() == words.table()["page.title"][language]
        assert opened.evaluate("document.documentElement.scrollWidth") == width
        assert opened.evaluate(UNDRAWN) == []
        assert opened.evaluate(CLIPPED) == []
    background = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(246, 245, 241)") == (scheme == "light")
    assert complaints == [file.as_uri()]  # nothing else is requested


def test_the_page_fits_on_paper(browser: Browser, file: Path, tmp_path: Path) -> None:
    opened, _ = _open(browser, file, 703, "dark")  # A4 less its margins
    opened.emulate_media(media="print", color_scheme="dark")
    assert opened.evaluate("document.documentElement.scrollWidth") == 703
    assert opened.evaluate(UNDRAWN) == []
    assert not opened.locator("main:not([hidden]) .languages").is_visible()
    assert opened.evaluate("getComputedStyle(document.body).color") == "rgb(27, 36, 35)"
    wide = "e => e.filter(t => t.scrollWidth > t.clientWidth + 1).map(t => t.ariaLabel)"
    assert opened.locator("main:not([hidden]) .numbers").evaluate_all(wide) == []
    pdf = tmp_path / "page.pdf"
    opened.pdf(path=pdf, prefer_css_page_size=True)
    assert pdf.read_bytes().startswith(b"%PDF")
