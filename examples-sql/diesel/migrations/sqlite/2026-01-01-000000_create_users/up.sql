-- Every CREATE says IF NOT EXISTS: store-sea-orm makes the same table, and either opens the other's file.
-- Ids are text, not 16 bytes: both ORMs read that alike, and so does a person with the sqlite3 shell.
CREATE TABLE IF NOT EXISTS users (
    id                  TEXT   PRIMARY KEY NOT NULL,
    name                TEXT   NOT NULL,
    email               TEXT   NOT NULL,
    email_key           TEXT   NOT NULL,
    password_hash       TEXT   NOT NULL,
    role                TEXT   NOT NULL CHECK (role IN ('user', 'admin')),
    version             BIGINT NOT NULL,
    credentials_version BIGINT NOT NULL,
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS users_email_key ON users (email_key);

-- For a listing by role, and to see at once whether there is another admin.
CREATE INDEX IF NOT EXISTS users_role_id ON users (role, id);
