"""What a registered value may look like: names, codes, ids, levels, profiles. Pure; each refusal names its place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from vms.base.errors import Kind, VmsError
from vms.base.ids import is_id, new_id

LEVELS = ("city", "district", "station")
PROFILES = ("main", "sub")
SHORT_FORMS = ("always", "never", "event")
"""What a camera may name in the place of a record plan's id; record.plan says what they mean."""
MAX_EDGE_DAYS = 365
MAX_NAME_CHARS = 200
MAX_CREDENTIAL_CHARS = 256
_CODE = re.compile(r"[0-9]{20}")
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


def clean_name(name: str) -> str:
    """Trimmed and in Unicode's composed form, so that one name has one spelling. Raises BAD_REQUEST."""
    cleaned = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(cleaned) <= MAX_NAME_CHARS or any(unicodedata.category(c) in ("Cc", "Cs") for c in cleaned):
        raise _bad("name", f"must be 1 to {MAX_NAME_CHARS} characters without control characters")
    return cleaned


def check_code(code: str | None) -> None:
    """GB/T 28181-2022 annex E: a point's code has 20 decimal digits."""
    if code is not None and not _CODE.fullmatch(code):
        raise _bad("code", "must be 20 decimal digits")


def check_credential(place: str, text: str | None) -> None:
    if text is not None and (len(text) > MAX_CREDENTIAL_CHARS or any(unicodedata.category(c) in ("Cc", "Cs") for c in text)):
        raise _bad(place, f"must be at most {MAX_CREDENTIAL_CHARS} characters without control characters")


def check_edge_days(days: int) -> None:
    if not 0 <= days <= MAX_EDGE_DAYS:
        raise _bad("edge_days", f"must be 0 to {MAX_EDGE_DAYS}")


def check_repeat_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise _bad("Idempotency-Key", "must be 1 to 128 visible ASCII characters")


def given_or_new_id(text: str | None, now_us: int) -> str:
    """The id a register is restored with, or a fresh one. Raises BAD_REQUEST."""
    if text is None:
        return new_id(now_us)
    if not is_id(text):
        raise _bad("id", "must be a UUID in lower-case canonical form")
    return text


def check_profiles(names: Sequence[str]) -> None:
    """A camera has its main profile and at most one of each."""
    if len(set(names)) != len(names) or "main" not in names or not set(names) <= set(PROFILES):
        raise _bad("profiles", "must hold 'main' and may hold 'sub', each once")


def check_record(record: str) -> None:
    """A short form or the id of a record plan; whether there is such a plan, the register knows."""
    if record not in SHORT_FORMS and not is_id(record):
        raise _bad("record", f"must be {', '.join(SHORT_FORMS)}, or the id of a record plan")


def check_level(level: str, parent: str | None) -> None:
    """A region lies below a higher level: city > district > station."""
    if level not in LEVELS:
        raise _bad("level", "must be city, district or station")
    if parent is not None and LEVELS.index(parent) >= LEVELS.index(level):
        raise VmsError(Kind.BAD_REQUEST, f"a {level} cannot lie in a {parent}", place="parent_id")


def _bad(place: str, rule: str) -> VmsError:
    return VmsError(Kind.BAD_REQUEST, f"{place} {rule}", place=place)
