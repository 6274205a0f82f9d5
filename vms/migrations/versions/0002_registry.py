"""The register: regions, cameras, their profiles, keys of repeated requests."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REGISTER = """
CREATE TABLE regions (
    id text NOT NULL,
    name text COLLATE "C" NOT NULL,
    level text NOT NULL,
    parent_id text,
    CONSTRAINT pk_regions PRIMARY KEY (id),
    CONSTRAINT fk_regions_parent_id FOREIGN KEY (parent_id) REFERENCES regions (id),
    CONSTRAINT ck_regions_level CHECK (level IN ('city', 'district', 'station'))
);
CREATE UNIQUE INDEX uq_regions_parent_id_name ON regions (parent_id, name) NULLS NOT DISTINCT;
CREATE INDEX ix_regions_name_id ON regions (name, id);
CREATE TABLE cameras (
    id text NOT NULL,
    code text,
    name text COLLATE "C" NOT NULL,
    region_id text,
    node_id text NOT NULL,
    record text NOT NULL,
    enabled boolean NOT NULL,
    username text,
    sealed_password bytea,
    revision bigint NOT NULL,
    created_us bigint NOT NULL,
    changed_us bigint NOT NULL,
    removed_us bigint,
    CONSTRAINT pk_cameras PRIMARY KEY (id),
    CONSTRAINT fk_cameras_region_id FOREIGN KEY (region_id) REFERENCES regions (id),
    CONSTRAINT ck_cameras_code CHECK (code ~ '^[0-9]{20}$'),
    CONSTRAINT ck_cameras_record CHECK (record IN ('always', 'never'))
);
CREATE UNIQUE INDEX uq_cameras_code ON cameras (code) WHERE removed_us IS NULL;
CREATE INDEX ix_cameras_name_id ON cameras (name, id) WHERE removed_us IS NULL;
CREATE INDEX ix_cameras_region_id_name_id ON cameras (region_id, name, id) WHERE removed_us IS NULL;
CREATE TABLE camera_profiles (
    camera_id text NOT NULL,
    name text NOT NULL,
    url text NOT NULL,
    sealed_url bytea,
    transport text NOT NULL,
    CONSTRAINT pk_camera_profiles PRIMARY KEY (camera_id, name),
    CONSTRAINT fk_camera_profiles_camera_id FOREIGN KEY (camera_id) REFERENCES cameras (id) ON DELETE CASCADE,
    CONSTRAINT ck_camera_profiles_name CHECK (name IN ('main', 'sub')),
    CONSTRAINT ck_camera_profiles_transport CHECK (transport IN ('auto', 'tcp', 'udp'))
);
CREATE TABLE camera_repeat_keys (
    actor_id text NOT NULL,
    key text NOT NULL,
    sealed_digest bytea NOT NULL,
    camera_id text NOT NULL,
    created_us bigint NOT NULL,
    CONSTRAINT pk_camera_repeat_keys PRIMARY KEY (actor_id, key)
);
CREATE INDEX ix_camera_repeat_keys_created_us ON camera_repeat_keys (created_us);
"""


def upgrade() -> None:
    op.execute(REGISTER)


def downgrade() -> None:
    op.execute("DROP TABLE camera_repeat_keys, camera_profiles, cameras, regions")
