"""What cameras kept themselves: which gaps are filled from there, and how such segments join what is recorded."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE cameras ADD COLUMN edge_days bigint NOT NULL DEFAULT 0;
ALTER TABLE cameras ADD CONSTRAINT ck_cameras_edge_days CHECK (edge_days BETWEEN 0 AND 365);
ALTER TABLE camera_profiles ADD COLUMN edge_url text;
ALTER TABLE segments ADD COLUMN lead_us bigint NOT NULL DEFAULT 0, ADD COLUMN camera_offset_us bigint;
ALTER TABLE garbage ADD COLUMN lead_us bigint NOT NULL DEFAULT 0, ADD COLUMN camera_offset_us bigint;
CREATE INDEX ix_segments_edge ON segments (camera_id, profile, start_us) INCLUDE (end_us) WHERE origin = 'edge';
CREATE TABLE edge_fills (
    camera_id uuid NOT NULL,
    profile text NOT NULL,
    start_us bigint NOT NULL,
    end_us bigint NOT NULL,
    state text NOT NULL,
    attempts bigint NOT NULL,
    next_us bigint NOT NULL,
    filled_us bigint NOT NULL,
    cause text NOT NULL,
    message text NOT NULL,
    changed_us bigint NOT NULL,
    CONSTRAINT pk_edge_fills PRIMARY KEY (camera_id, profile, start_us),
    CONSTRAINT ck_edge_fills_span CHECK (start_us < end_us),
    CONSTRAINT ck_edge_fills_state CHECK (state IN ('waiting', 'running', 'filled', 'partial', 'given_up'))
);
"""
DOWNGRADE = """
DROP TABLE edge_fills;
DROP INDEX ix_segments_edge;
ALTER TABLE garbage DROP COLUMN camera_offset_us, DROP COLUMN lead_us;
ALTER TABLE segments DROP COLUMN camera_offset_us, DROP COLUMN lead_us;
ALTER TABLE camera_profiles DROP COLUMN edge_url;
ALTER TABLE cameras DROP CONSTRAINT ck_cameras_edge_days;
ALTER TABLE cameras DROP COLUMN edge_days;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
