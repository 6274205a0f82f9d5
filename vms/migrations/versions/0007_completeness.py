"""Figures of camera-days, marked stale by what changes the index; a camera's span is answered from the primary key alone."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# With end and state inside, a timeline reads no row: at 10 million rows those of a day lie in as many pages.
KEY = "CONSTRAINT pk_segments PRIMARY KEY (camera_id, profile, start_us, run)"
COVERING = f"ALTER TABLE segments DROP CONSTRAINT pk_segments, ADD {KEY} INCLUDE (end_us, state, kind)"
PLAIN = f"ALTER TABLE segments DROP CONSTRAINT pk_segments, ADD {KEY}"

DAYS = """
CREATE TABLE recording_days (
    start_us bigint NOT NULL,
    camera_id uuid NOT NULL,
    profile text NOT NULL,
    read_us bigint NOT NULL,
    told_us bigint NOT NULL,
    planned_us bigint NOT NULL,
    recorded_us bigint NOT NULL,
    joined_us bigint NOT NULL,
    damaged_us bigint NOT NULL,
    gaps jsonb NOT NULL,
    CONSTRAINT pk_recording_days PRIMARY KEY (start_us, camera_id, profile),
    CONSTRAINT ck_recording_days_sums CHECK (recorded_us + joined_us <= told_us AND planned_us <= told_us)
);
CREATE TABLE recording_days_stale (
    start_us bigint NOT NULL,
    camera_id uuid NOT NULL,
    profile text NOT NULL,
    marks bigint NOT NULL,
    CONSTRAINT pk_recording_days_stale PRIMARY KEY (start_us, camera_id, profile)
);
CREATE TABLE recording_days_head (
    id bigint NOT NULL,
    offset_us bigint NOT NULL,
    open_us bigint NOT NULL,
    queued_us bigint NOT NULL,
    CONSTRAINT pk_recording_days_head PRIMARY KEY (id)
);
"""

# Marking is an update where a mark stands, so that it takes the row's lock: who reads a day skips it until this is committed,
# and reads it after. The open day is queued by time, so what is recorded now marks nothing.
MARK = """
CREATE FUNCTION mark_recording_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recording_days_stale (start_us, camera_id, profile, marks)
    SELECT DISTINCT day.us, changed.camera_id, changed.profile, 1
    FROM changed, recording_days_head head, LATERAL (
        SELECT generate_series(
            changed.start_us - (changed.start_us + head.offset_us) % 86400000000,
            least(changed.end_us, head.open_us) - 1,
            86400000000
        ) AS us
    ) day
    WHERE changed.start_us < head.open_us
    ORDER BY 1, 2, 3
    ON CONFLICT (start_us, camera_id, profile) DO UPDATE SET marks = recording_days_stale.marks + 1;
    RETURN NULL;
END $$;
"""

TRIGGERS = """
CREATE TRIGGER mark_days_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_recording_days();
CREATE TRIGGER mark_days_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_recording_days();
CREATE TRIGGER mark_days_before AFTER UPDATE ON {table} REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_recording_days();
CREATE TRIGGER mark_days_after AFTER UPDATE ON {table} REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_recording_days();
"""
NAMES = ("insert", "delete", "before", "after")


def upgrade() -> None:
    op.execute(COVERING)
    for script in (DAYS, MARK, TRIGGERS.format(table="segments"), TRIGGERS.format(table="gaps")):
        op.execute(script)


def downgrade() -> None:
    for table in ("segments", "gaps"):
        for name in NAMES:
            op.execute(f"DROP TRIGGER mark_days_{name} ON {table}")
    op.execute("DROP FUNCTION mark_recording_days")
    op.execute("DROP TABLE recording_days, recording_days_stale, recording_days_head")
    op.execute(PLAIN)
