-- COLLATE "C" compares bytes: it is the order of ids that a listing promises, does not change with the system's locale
-- data (which would break an index), and is the fastest. Names and hashes are never compared.
-- Ids are text and not uuid, so that one schema.rs serves every database; the price is 21 bytes an index entry.
CREATE TABLE IF NOT EXISTS users (
    id                  TEXT   COLLATE "C" PRIMARY KEY,
    name                TEXT   NOT NULL,
    email               TEXT   NOT NULL,
    email_key           TEXT   COLLATE "C" NOT NULL,
    password_hash       TEXT   NOT NULL,
    role                TEXT   COLLATE "C" NOT NULL CHECK (role IN ('user', 'admin')),
    version             BIGINT NOT NULL,
    credentials_version BIGINT NOT NULL,
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS users_email_key ON users (email_key);

-- For a listing by role, and to lock the admins in one order.
CREATE INDEX IF NOT EXISTS users_role_id ON users (role, id);
