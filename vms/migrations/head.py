"""Which revision the code needs, without importing Alembic (which alone would cost a third of control's start-up)."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

VERSIONS = Path(__file__).parent / "versions"
_LINE = re.compile(r"^(revision|down_revision)\s*(?::[^=]+)?=\s*[\"']([^\"']+)[\"']", re.MULTILINE)


def known_revisions() -> set[str]:
    """Every revision that this program has."""
    return {facts["revision"] for facts in _facts()}


def heads() -> list[str]:
    """Revisions that no other revision follows; the project keeps exactly one."""
    facts = _facts()
    followed = {f.get("down_revision") for f in facts}
    return [f["revision"] for f in facts if f["revision"] not in followed]


def is_current(session: Session) -> bool:
    """Whether the database stands at the code's head."""
    if session.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
        return False
    return list(session.execute(text("SELECT version_num FROM alembic_version")).scalars()) == heads()


def _facts() -> list[dict[str, str]]:
    return [dict(_LINE.findall(path.read_text("utf-8"))) for path in sorted(VERSIONS.glob("*.py"))]
