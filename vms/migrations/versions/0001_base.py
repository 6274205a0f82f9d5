"""Journal, accounts and audit."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JOURNAL = """
CREATE TABLE journal_inbox (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    id bigint GENERATED ALWAYS AS IDENTITY,
    at_us bigint NOT NULL,
    type text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    data jsonb NOT NULL,
    CONSTRAINT pk_journal_inbox PRIMARY KEY (xid, id)
);
CREATE TABLE journal (
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    sealed_us bigint NOT NULL,
    at_us bigint NOT NULL,
    type text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    data jsonb NOT NULL,
    CONSTRAINT pk_journal PRIMARY KEY (epoch, seq, sealed_us)
) PARTITION BY RANGE (sealed_us);
CREATE INDEX ix_journal_subject_kind_subject_id_epoch_seq ON journal (subject_kind, subject_id, epoch, seq);
CREATE TABLE journal_default PARTITION OF journal DEFAULT;
CREATE TABLE journal_head (
    id bigint NOT NULL,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    server text NOT NULL,
    CONSTRAINT pk_journal_head PRIMARY KEY (id)
);
INSERT INTO journal_head (id, epoch, seq, server) VALUES (1, 0, 0, '');
CREATE TABLE journal_cursors (
    name text NOT NULL,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT pk_journal_cursors PRIMARY KEY (name)
);
"""

ACCOUNTS = """
CREATE TABLE officers (
    id text NOT NULL,
    login text NOT NULL,
    name text NOT NULL,
    rights text[] NOT NULL,
    created_us bigint NOT NULL,
    disabled_us bigint,
    CONSTRAINT pk_officers PRIMARY KEY (id),
    CONSTRAINT uq_officers_login UNIQUE (login)
);
CREATE TABLE login_links (
    hash text NOT NULL,
    officer_id text NOT NULL,
    created_us bigint NOT NULL,
    expires_us bigint NOT NULL,
    used_us bigint,
    CONSTRAINT pk_login_links PRIMARY KEY (hash),
    CONSTRAINT fk_login_links_officer_id FOREIGN KEY (officer_id) REFERENCES officers (id) ON DELETE CASCADE
);
CREATE INDEX ix_login_links_officer_id ON login_links (officer_id);
CREATE TABLE sessions (
    hash text NOT NULL,
    officer_id text NOT NULL,
    address text NOT NULL,
    created_us bigint NOT NULL,
    seen_us bigint NOT NULL,
    expires_us bigint NOT NULL,
    closed_us bigint,
    CONSTRAINT pk_sessions PRIMARY KEY (hash),
    CONSTRAINT fk_sessions_officer_id FOREIGN KEY (officer_id) REFERENCES officers (id) ON DELETE CASCADE
);
CREATE INDEX ix_sessions_officer_id_closed_us ON sessions (officer_id, closed_us);
CREATE TABLE api_tokens (
    id text NOT NULL,
    hash text NOT NULL,
    name text NOT NULL,
    rights text[] NOT NULL,
    created_us bigint NOT NULL,
    expires_us bigint,
    revoked_us bigint,
    CONSTRAINT pk_api_tokens PRIMARY KEY (id),
    CONSTRAINT uq_api_tokens_hash UNIQUE (hash)
);
"""

AUDIT = """
CREATE TABLE audit (
    id text NOT NULL,
    at_us bigint NOT NULL,
    actor text NOT NULL,
    on_behalf_of text,
    node text NOT NULL,
    address text NOT NULL,
    session_hash text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    from_us bigint,
    to_us bigint,
    result text NOT NULL,
    reason text NOT NULL,
    case_no text NOT NULL,
    CONSTRAINT pk_audit PRIMARY KEY (id, at_us)
) PARTITION BY RANGE (at_us);
CREATE INDEX ix_audit_object_at_us ON audit (object, at_us);
CREATE INDEX ix_audit_actor_at_us ON audit (actor, at_us);
CREATE TABLE audit_default PARTITION OF audit DEFAULT;
CREATE TABLE audit_unsealed (
    id text NOT NULL,
    at_us bigint NOT NULL,
    CONSTRAINT pk_audit_unsealed PRIMARY KEY (id)
);
CREATE TABLE audit_seals (
    seq bigint NOT NULL,
    sealed_us bigint NOT NULL,
    row_id text NOT NULL,
    row_at_us bigint NOT NULL,
    prev bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT pk_audit_seals PRIMARY KEY (seq, sealed_us)
) PARTITION BY RANGE (sealed_us);
CREATE INDEX ix_audit_seals_row_id ON audit_seals (row_id);
CREATE TABLE audit_seals_default PARTITION OF audit_seals DEFAULT;
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % only grow', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
"""

# Row triggers reach the partitions made later; a TRUNCATE trigger does not, so each partition gets its own.
REFUSE = """
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table}_default FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    for script in (JOURNAL, ACCOUNTS, AUDIT, REFUSE.format(table="audit"), REFUSE.format(table="audit_seals")):
        op.execute(script)


def downgrade() -> None:
    op.execute("DROP TABLE audit_seals, audit_unsealed, audit, api_tokens, sessions, login_links, officers")
    op.execute("DROP FUNCTION refuse_change")
    op.execute("DROP TABLE journal_cursors, journal_head, journal, journal_inbox")
