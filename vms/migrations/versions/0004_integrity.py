"""The chain of records, minute roots, keys and stamps, and what reading segments again has found."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CHAIN = """
CREATE TABLE chain_records (
    camera_id uuid NOT NULL,
    profile text NOT NULL,
    seq bigint NOT NULL,
    committed_us bigint NOT NULL,
    epoch bigint NOT NULL,
    minute bigint NOT NULL,
    type text NOT NULL,
    start_us bigint NOT NULL,
    end_us bigint NOT NULL,
    segment_id uuid,
    record bytea NOT NULL,
    value bytea NOT NULL,
    CONSTRAINT pk_chain_records PRIMARY KEY (camera_id, profile, seq, committed_us)
) PARTITION BY RANGE (committed_us);
CREATE INDEX ix_chain_records_camera_id_profile_start_us ON chain_records (camera_id, profile, start_us);
CREATE INDEX ix_chain_records_minute ON chain_records (minute);
CREATE INDEX ix_chain_records_segment_id ON chain_records (segment_id);
CREATE TABLE chain_records_default PARTITION OF chain_records DEFAULT;
CREATE TABLE chain_heads (
    camera_id uuid NOT NULL,
    profile text NOT NULL,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    value bytea NOT NULL,
    CONSTRAINT pk_chain_heads PRIMARY KEY (camera_id, profile)
);
CREATE TABLE chain_state (
    id bigint NOT NULL,
    node text NOT NULL,
    closed_minute bigint NOT NULL,
    CONSTRAINT pk_chain_state PRIMARY KEY (id)
);
INSERT INTO chain_state (id, node, closed_minute) VALUES (1, '', 0);
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON chain_records FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON chain_records FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON chain_records_default FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

DAMAGE = """
ALTER TABLE segments DROP CONSTRAINT ck_segments_state;
ALTER TABLE segments ADD CONSTRAINT ck_segments_state CHECK (state IN ('ok', 'suspect', 'missing', 'damaged'));
CREATE TABLE damages (
    camera_id uuid NOT NULL,
    profile text NOT NULL,
    start_us bigint NOT NULL,
    segment_id uuid NOT NULL,
    end_us bigint NOT NULL,
    path text NOT NULL,
    what text NOT NULL,
    found_us bigint NOT NULL,
    CONSTRAINT pk_damages PRIMARY KEY (camera_id, profile, start_us, segment_id)
);
CREATE INDEX ix_damages_segment_id ON damages (segment_id);
CREATE TABLE scrub_passes (
    volume uuid NOT NULL,
    started_us bigint NOT NULL,
    camera_id uuid,
    profile text,
    start_us bigint,
    run uuid,
    segments bigint NOT NULL,
    bytes bigint NOT NULL,
    damaged bigint NOT NULL,
    finished_us bigint,
    finished_started_us bigint,
    finished_segments bigint NOT NULL,
    CONSTRAINT pk_scrub_passes PRIMARY KEY (volume)
);
"""

ROOTS = """
CREATE TABLE minute_roots (
    minute bigint NOT NULL,
    tree_size bigint NOT NULL,
    root bytea NOT NULL,
    statement bytea NOT NULL,
    hash bytea NOT NULL,
    signature bytea NOT NULL,
    key bytea NOT NULL,
    signed_us bigint NOT NULL,
    late boolean NOT NULL,
    CONSTRAINT pk_minute_roots PRIMARY KEY (minute)
);
CREATE TABLE node_keys (
    number bigint NOT NULL,
    key bytea NOT NULL,
    since_us bigint NOT NULL,
    statement bytea NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT pk_node_keys PRIMARY KEY (number),
    CONSTRAINT uq_node_keys_key UNIQUE (key)
);
CREATE TABLE stamps (
    minute bigint NOT NULL,
    asked_us bigint NOT NULL,
    token bytea,
    stamped_us bigint,
    tsa_us bigint,
    serial text,
    CONSTRAINT pk_stamps PRIMARY KEY (minute)
);
CREATE INDEX ix_stamps_pending ON stamps (minute) WHERE token IS NULL;
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON minute_roots FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON node_keys FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON minute_roots FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON node_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    for script in (CHAIN, DAMAGE, ROOTS):
        op.execute(script)


def downgrade() -> None:
    op.execute("DROP TABLE stamps, node_keys, minute_roots, scrub_passes, damages, chain_state, chain_heads, chain_records")
    op.execute("UPDATE segments SET state = 'suspect' WHERE state = 'damaged'")
    op.execute("ALTER TABLE segments DROP CONSTRAINT ck_segments_state")
    op.execute("ALTER TABLE segments ADD CONSTRAINT ck_segments_state CHECK (state IN ('ok', 'suspect', 'missing'))")
