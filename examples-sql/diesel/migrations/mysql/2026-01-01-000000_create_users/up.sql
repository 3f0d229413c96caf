-- One statement, because MySQL commits at each of them. Every text that is compared compares its bytes: MySQL's default
-- collations ignore case and accents. What is in an index needs a length (VARCHAR, not TEXT); 254 is the longest address.
CREATE TABLE IF NOT EXISTS users (
    id                  CHAR(36)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    name                TEXT         NOT NULL,
    email               VARCHAR(254) NOT NULL,
    email_key           VARCHAR(254) NOT NULL,
    password_hash       TEXT         NOT NULL,
    role                VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL CHECK (role IN ('user', 'admin')),
    version             BIGINT       NOT NULL,
    credentials_version BIGINT       NOT NULL,
    created_at          BIGINT       NOT NULL,
    updated_at          BIGINT       NOT NULL,
    UNIQUE KEY users_email_key (email_key),
    -- For a listing by role, and to lock the admins in one order.
    KEY users_role_id (role, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
