"""Saved views of the wall and tours."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE wall_views (
    id text NOT NULL,
    owner_id text NOT NULL,
    owner_name text NOT NULL,
    name text COLLATE "C" NOT NULL,
    layout bigint NOT NULL,
    cameras jsonb NOT NULL,
    dwell_s bigint,
    shared boolean NOT NULL,
    revision bigint NOT NULL,
    changed_us bigint NOT NULL,
    CONSTRAINT pk_wall_views PRIMARY KEY (id),
    CONSTRAINT ck_wall_views_dwell_s CHECK (dwell_s BETWEEN 5 AND 300)
);
CREATE UNIQUE INDEX uq_wall_views_owner_id_name ON wall_views (owner_id, name);
CREATE INDEX ix_wall_views_shared ON wall_views (name) WHERE shared;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE wall_views")
