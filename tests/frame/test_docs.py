"""What the documents say is so: links lead somewhere, every error kind is explained, nothing speaks of one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from vms.base.errors import Kind

ROOT = Path(__file__).resolve().parents[2]
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
]
PAGES = sorted(path for path in TRACKED if path.suffix == ".md" and path.exists())
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

# Written so that this file does not find itself.
FOREIGN = re.compile(
    "|".join(
        [r"(?<![\w.])/wo" + r"rk/", "/tm" + r"p/b\b", "py" + r"pi\.org", "pythonhos" + "ted", r"registry\.np" + "mjs", r"deb\.deb" + "ian"]
    )
)
BINARY = {".mp4", ".mov", ".png", ".woff2", ".ico", ".bin"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(path: Path) -> set[str]:
    """GitHub's anchors of a page's headings."""
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in HEADING.findall(path.read_text())}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if "://" in link or link.startswith("mailto:"):
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{name(page)}: {link}"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{name(page)}: {link}"


def test_every_error_kind_is_explained_once() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/ref/errors.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(Kind)


def test_every_reference_page_is_in_its_list() -> None:
    listed = (ROOT / "docs/ref/README.md").read_text()
    for page in (ROOT / "docs/ref").iterdir():
        assert page.name == "README.md" or f"({page.name})" in listed, page.name


def test_every_guide_page_is_in_the_guides_list_and_has_a_chinese_twin() -> None:
    listed = (ROOT / "docs/guide/README.md").read_text()
    pages = {path.name for path in (ROOT / "docs/guide").glob("*.md")} - {"README.md"}
    for page in pages:
        assert f"({page})" in listed, page
        if not page.endswith(".zh-CN.md"):
            assert page.replace(".md", ".zh-CN.md") in pages, page


def test_every_decision_is_in_the_list_and_has_all_parts() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text()
    records = [path for path in (ROOT / "docs/decisions").glob("*.md") if path.name != "README.md"]
    assert len({path.name[:4] for path in records}) == len(records)
    for record in records:
        assert f"({record.name})" in listed, record.name
        assert HEADING.findall(record.read_text())[1:] == [
            "Context",
            "Decision",
            "Consequences",
            "Alternatives",
            "References",
        ], record.name


def test_the_glossary_has_one_line_for_each_word() -> None:
    words = re.findall(r"^\| ([^|]+?) \| [^|]+ \| [^|]+ \| [^|]+ \|$", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)[1:]
    assert len(words) > 40
    assert len(set(words)) == len(words)


def test_no_file_names_the_place_it_was_written_at_or_an_index_host() -> None:
    found = [
        f"{name(path)}:{number}"
        for path in TRACKED
        if path.is_file() and path.suffix not in BINARY
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if FOREIGN.search(line)
    ]
    assert not found


def test_no_lock_names_a_host() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in path.read_text(), path.name
    for path in ROOT.glob("web/package-lock.json"):
        assert "://" not in path.read_text()


def test_the_readme_names_only_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs/guide/start.md"):
        for target in re.findall(r"^make ([a-z-]+)", (ROOT / page).read_text(), re.MULTILINE):
            assert target in targets, f"{page}: make {target}"
