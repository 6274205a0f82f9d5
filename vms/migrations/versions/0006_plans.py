"""Record plans, holidays, events; the kind of a recording; the right to trigger events."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE record_plans (
    id text NOT NULL,
    name text COLLATE "C" NOT NULL,
    rules jsonb NOT NULL,
    revision bigint NOT NULL,
    changed_us bigint NOT NULL,
    CONSTRAINT pk_record_plans PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_record_plans_name ON record_plans (name);
CREATE TABLE holidays (
    date date NOT NULL,
    name text NOT NULL,
    follows text NOT NULL,
    CONSTRAINT pk_holidays PRIMARY KEY (date),
    CONSTRAINT ck_holidays_follows CHECK
        (follows IN ('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday', 'holiday'))
);
ALTER TABLE cameras DROP CONSTRAINT ck_cameras_record;
ALTER TABLE cameras ADD CONSTRAINT ck_cameras_record
    CHECK (record IN ('always', 'never', 'event') OR record ~ '^[0-9a-f-]{36}$');
CREATE INDEX ix_cameras_record ON cameras (record) WHERE removed_us IS NULL;
ALTER TABLE segments ADD COLUMN kind text NOT NULL DEFAULT 'continuous';
ALTER TABLE segments ADD CONSTRAINT ck_segments_kind CHECK (kind IN ('continuous', 'schedule', 'event'));
ALTER TABLE garbage ADD COLUMN kind text NOT NULL DEFAULT 'continuous';
CREATE TABLE record_events (
    id uuid NOT NULL,
    camera_id uuid NOT NULL,
    start_us bigint NOT NULL,
    end_us bigint NOT NULL,
    source text NOT NULL,
    reason text NOT NULL,
    forced boolean NOT NULL,
    told boolean NOT NULL,
    CONSTRAINT pk_record_events PRIMARY KEY (id),
    CONSTRAINT ck_record_events_span CHECK (start_us <= end_us)
);
CREATE INDEX ix_record_events_camera_id_start_us ON record_events (camera_id, start_us);
CREATE INDEX ix_record_events_end_us ON record_events (end_us) WHERE NOT told;
UPDATE officers SET rights = array_append(rights, 'trigger') WHERE 'configure' = ANY (rights);
UPDATE api_tokens SET rights = array_append(rights, 'trigger') WHERE 'configure' = ANY (rights);
"""
DOWNGRADE = """
UPDATE officers SET rights = array_remove(rights, 'trigger');
UPDATE api_tokens SET rights = array_remove(rights, 'trigger');
DROP TABLE record_events, holidays, record_plans;
ALTER TABLE garbage DROP COLUMN kind;
ALTER TABLE segments DROP COLUMN kind;
DROP INDEX ix_cameras_record;
UPDATE cameras SET record = 'always' WHERE record NOT IN ('always', 'never');
ALTER TABLE cameras DROP CONSTRAINT ck_cameras_record;
ALTER TABLE cameras ADD CONSTRAINT ck_cameras_record CHECK (record IN ('always', 'never'));
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
