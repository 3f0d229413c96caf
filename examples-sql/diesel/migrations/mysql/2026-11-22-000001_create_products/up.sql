CREATE TABLE IF NOT EXISTS products (
    id          CHAR(36)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    sku         VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name        TEXT        NOT NULL,
    category    VARCHAR(50) NOT NULL,
    price_cents BIGINT      NOT NULL CHECK (price_cents >= 0),
    -- The last guard: no statement of this program takes more than there is.
    stock       BIGINT      NOT NULL CHECK (stock >= 0),
    -- What only some products have.
    attributes  JSON        NOT NULL,
    version     BIGINT      NOT NULL,
    created_at  BIGINT      NOT NULL,
    updated_at  BIGINT      NOT NULL,
    UNIQUE KEY products_sku (sku),
    -- For a listing by category.
    KEY products_category_id (category, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
