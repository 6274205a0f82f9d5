"""Retention: garbage, tombstones, sums of what is stored, rules, holds."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SEGMENT_COLUMNS = """
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
"""

TABLES = f"""
CREATE TABLE garbage ({SEGMENT_COLUMNS}
    at_us bigint NOT NULL,
    CONSTRAINT pk_garbage PRIMARY KEY (camera_id, profile, start_us, run)
);
CREATE INDEX ix_garbage_volume_at_us ON garbage (volume, at_us);
CREATE TABLE tombstones (
    id uuid NOT NULL,
    camera_id uuid NOT NULL,
    profile text NOT NULL,
    volume uuid NOT NULL,
    from_us bigint NOT NULL,
    to_us bigint NOT NULL,
    segments bigint NOT NULL,
    bytes bigint NOT NULL,
    rule text NOT NULL,
    hold_id uuid,
    actor text NOT NULL,
    at_us bigint NOT NULL,
    CONSTRAINT pk_tombstones PRIMARY KEY (id),
    CONSTRAINT ck_tombstones_span CHECK (from_us < to_us)
);
CREATE INDEX ix_tombstones_at_us_id ON tombstones (at_us, id);
CREATE INDEX ix_tombstones_camera_id_profile_from_us ON tombstones (camera_id, profile, from_us);
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON tombstones FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON tombstones FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TABLE stored_bytes (
    camera_id uuid NOT NULL,
    profile text NOT NULL,
    volume uuid NOT NULL,
    bytes bigint NOT NULL,
    segments bigint NOT NULL,
    CONSTRAINT pk_stored_bytes PRIMARY KEY (camera_id, profile, volume)
);
CREATE TABLE retention_rules (
    scope text NOT NULL,
    subject_id text NOT NULL,
    days bigint,
    max_bytes bigint,
    changed_by text NOT NULL,
    changed_us bigint NOT NULL,
    CONSTRAINT pk_retention_rules PRIMARY KEY (scope, subject_id),
    CONSTRAINT ck_retention_rules_scope CHECK (scope IN ('camera', 'region', 'volume')),
    CONSTRAINT ck_retention_rules_limits CHECK (days >= 0 AND max_bytes >= 0)
);
CREATE TABLE volume_watches (
    volume uuid NOT NULL,
    used_level bigint NOT NULL,
    held_level bigint NOT NULL,
    held_bytes bigint NOT NULL,
    at_risk boolean NOT NULL,
    short_us bigint,
    write_bytes_per_day bigint NOT NULL,
    changed_us bigint NOT NULL,
    CONSTRAINT pk_volume_watches PRIMARY KEY (volume)
);
CREATE TABLE holds (
    id uuid NOT NULL,
    state text NOT NULL,
    case_no text NOT NULL,
    doc_no text NOT NULL,
    reason text NOT NULL,
    from_us bigint NOT NULL,
    to_us bigint NOT NULL,
    expires_us bigint NOT NULL,
    requested_by text NOT NULL,
    requested_name text NOT NULL,
    requested_us bigint NOT NULL,
    decided_by text,
    decided_name text,
    decided_us bigint,
    extend_us bigint,
    extend_by text,
    extend_name text,
    extend_asked_us bigint,
    release_doc_no text,
    release_reason text,
    release_by text,
    release_name text,
    release_us bigint,
    released_by text,
    released_name text,
    released_us bigint,
    note text NOT NULL,
    ask_release_us bigint NOT NULL,
    warned_us bigint,
    ends_us bigint,
    CONSTRAINT pk_holds PRIMARY KEY (id),
    CONSTRAINT ck_holds_span CHECK (from_us < to_us),
    CONSTRAINT ck_holds_state CHECK (state IN ('requested', 'held', 'rejected', 'lapsed', 'release_requested', 'released'))
);
CREATE INDEX ix_holds_state_id ON holds (state, id);
CREATE TABLE hold_cameras (
    camera_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    CONSTRAINT pk_hold_cameras PRIMARY KEY (camera_id, hold_id),
    CONSTRAINT fk_hold_cameras_hold_id FOREIGN KEY (hold_id) REFERENCES holds (id)
);
CREATE INDEX ix_hold_cameras_hold_id ON hold_cameras (hold_id);
"""

# Whoever inserts or deletes segments, the sums follow in the same transaction; always in one order, so that two never wait for each other.
SUMS = """
CREATE FUNCTION count_stored() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stored_bytes AS known (camera_id, profile, volume, bytes, segments)
        SELECT c.camera_id, c.profile, c.volume, TG_ARGV[0]::bigint * sum(c.bytes)::bigint, TG_ARGV[0]::bigint * count(*)
        FROM changed c GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (camera_id, profile, volume)
        DO UPDATE SET bytes = known.bytes + excluded.bytes, segments = known.segments + excluded.segments;
    RETURN NULL;
END $$;
CREATE FUNCTION forget_stored() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM stored_bytes;
    RETURN NULL;
END $$;
CREATE TRIGGER counted_in AFTER INSERT ON segments REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_stored('1');
CREATE TRIGGER counted_out AFTER DELETE ON segments REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_stored('-1');
CREATE TRIGGER counted_none AFTER TRUNCATE ON segments FOR EACH STATEMENT EXECUTE FUNCTION forget_stored();
INSERT INTO stored_bytes SELECT camera_id, profile, volume, sum(bytes)::bigint, count(*) FROM segments GROUP BY 1, 2, 3;
"""

# Who may do everything may also hold and decide on holds.
RIGHTS = """
UPDATE {table} SET rights = ARRAY(SELECT DISTINCT unnest(rights || ARRAY['hold', 'approve_hold']) ORDER BY 1)
    WHERE rights @> ARRAY['configure', 'system'];
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(SUMS)
    for table in ("officers", "api_tokens"):
        op.execute(RIGHTS.format(table=table))


def downgrade() -> None:
    op.execute("DROP TRIGGER counted_in ON segments")
    op.execute("DROP TRIGGER counted_out ON segments")
    op.execute("DROP TRIGGER counted_none ON segments")
    op.execute("DROP FUNCTION count_stored")
    op.execute("DROP FUNCTION forget_stored")
    op.execute("DROP TABLE hold_cameras, holds, volume_watches, retention_rules, stored_bytes, tombstones, garbage")
