"""The index of recordings: segments and gaps."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

RECORD = """
CREATE TABLE segments (
    camera_id uuid NOT NULL,
    profile text NOT NULL,
    start_us bigint NOT NULL,
    run uuid NOT NULL,
    end_us bigint NOT NULL,
    id uuid NOT NULL,
    seq bigint NOT NULL,
    volume uuid NOT NULL,
    path text NOT NULL,
    bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    init_size bigint NOT NULL,
    gop_count bigint NOT NULL,
    gops bytea NOT NULL,
    gops_root bytea NOT NULL,
    end_reason text NOT NULL,
    origin text NOT NULL,
    state text NOT NULL,
    CONSTRAINT pk_segments PRIMARY KEY (camera_id, profile, start_us, run),
    CONSTRAINT ck_segments_span CHECK (start_us < end_us),
    CONSTRAINT ck_segments_state CHECK (state IN ('ok', 'suspect', 'missing'))
) PARTITION BY RANGE (start_us);
CREATE INDEX ix_segments_id ON segments (id);
CREATE TABLE segments_default PARTITION OF segments DEFAULT;
CREATE TABLE gaps (
    camera_id uuid NOT NULL,
    profile text NOT NULL,
    start_us bigint NOT NULL,
    end_us bigint NOT NULL,
    cause text NOT NULL,
    detail text NOT NULL,
    CONSTRAINT pk_gaps PRIMARY KEY (camera_id, profile, start_us),
    CONSTRAINT ck_gaps_span CHECK (start_us < end_us)
);
"""


def upgrade() -> None:
    op.execute(RECORD)


def downgrade() -> None:
    op.execute("DROP TABLE gaps, segments")
