"""MkDocs hook that adds the pages outside docs/ to the site.

Each of these pages is assigned a path in the site, and links between pages are rewritten
accordingly. A link to a file that is not a page is rewritten to the repository on GitHub.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

PROJECT = Path(__file__).parents[1]
OUTSIDE = {
    "README.md": "index.md",
    "README.ru.md": "README.ru.md",
    "README.uk.md": "README.uk.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "RELEASING.md": "RELEASING.md",
    "SECURITY.md": "SECURITY.md",
    "simulator/README.md": "simulator.md",
}
"""Pages outside docs/, and their paths in the site."""
LINK = re.compile(r"(\]\()(?!https?:|#|mailto:)([^)#\s]+)((?:#[^)\s]*)?\))")
DIAGRAM = re.compile(r"^```mermaid\n.*?^```\n", re.DOTALL | re.MULTILINE)
"""Diagrams are removed, because the theme would load their renderer from another host; the table
above contains the same information."""
BADGES = re.compile(r"^<!-- badges -->\n.*?^<!-- /badges -->\n", re.DOTALL | re.MULTILINE)
"""Badges are removed, because they are loaded from other hosts."""
PICTURE = re.compile(r'((?:src|srcset)=")(?=assets/)')
"""Pictures in HTML, whose addresses MkDocs does not rewrite."""
LOGO = "https://raw.githubusercontent.com/tap-alfacrm/tap-alfacrm/main/docs/"


def on_files(files: Files, /, *, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for source, place in OUTSIDE.items():
        text = (PROJECT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, /, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite the links of a page."""
    place = page.file.src_uri
    source = {site: outside for outside, site in OUTSIDE.items()}.get(place, f"docs/{place}")

    def turn(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link[2]))
        found = OUTSIDE.get(target, target.removeprefix("docs/"))
        is_here = target in OUTSIDE or target.startswith("docs/")
        if is_here and files.get_file_from_path(found):
            return f"{link[1]}{posixpath.relpath(found, posixpath.dirname(place))}{link[3]}"
        if not (PROJECT / target).exists():
            return link[0]  # MkDocs reports the broken link
        return f"{link[1]}{config.repo_url}/blob/main/{target}{link[3]}"

    up = "../" * page.url.count("/")
    text = LINK.sub(turn, BADGES.sub("", DIAGRAM.sub("", markdown)))
    # MkDocs rewrites links in Markdown, but no addresses in HTML
    text = text.replace(f"]({LOGO}", f"]({posixpath.relpath('.', posixpath.dirname(place))}/")
    text = text.replace(LOGO, "")
    return PICTURE.sub(lambda found: found[1] + up, text)


def on_post_page(output: str, /, *, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG001 - mkdocs passes it
    """Prevent the theme's script from requesting the repository's stars from GitHub."""
    return _without_stars(output)


def on_post_template(output: str, /, *, template_name: str, config: MkDocsConfig) -> str:  # noqa: ARG001 - mkdocs passes it
    """Do the same for the 404 page."""
    return _without_stars(output)


def _without_stars(output: str) -> str:
    return output.replace(' data-md-component="source"', "")
