"""Rows of accounts. Of every credential only the SHA-256 is kept, and of a token what judges RTSP's Digest, sealed."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from vms.base.db import Model


class Officer(Model):
    """A person who signs in."""

    __tablename__ = "officers"
    id: Mapped[str] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    rights: Mapped[list[str]]
    created_us: Mapped[int]
    disabled_us: Mapped[int | None]


class LoginLink(Model):
    """A link that signs an officer in once."""

    __tablename__ = "login_links"
    hash: Mapped[str] = mapped_column(primary_key=True)
    officer_id: Mapped[str] = mapped_column(ForeignKey("officers.id", ondelete="CASCADE"), index=True)
    created_us: Mapped[int]
    expires_us: Mapped[int]
    used_us: Mapped[int | None]


class SignIn(Model):
    """A session: a person's sign-in. Over when closed, idle too long, or past its absolute end."""

    __tablename__ = "sessions"
    hash: Mapped[str] = mapped_column(primary_key=True)
    officer_id: Mapped[str] = mapped_column(ForeignKey("officers.id", ondelete="CASCADE"))
    address: Mapped[str]
    created_us: Mapped[int]
    seen_us: Mapped[int]
    expires_us: Mapped[int]
    closed_us: Mapped[int | None]

    __table_args__ = (Index(None, "officer_id", "closed_us"),)


class ApiToken(Model):
    """A program's credential with rights of its own."""

    __tablename__ = "api_tokens"
    id: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    rights: Mapped[list[str]]
    created_us: Mapped[int]
    expires_us: Mapped[int | None]
    revoked_us: Mapped[int | None]
    media: Mapped[bytes | None]
    """Sealed: what judges the Digest answers of an RTSP client that signs in with the token (accounts.media)."""
