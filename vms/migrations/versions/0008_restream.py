"""What judges the Digest sign-in of RTSP clients, beside each API token."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE api_tokens ADD COLUMN media bytea")


def downgrade() -> None:
    op.execute("ALTER TABLE api_tokens DROP COLUMN media")
