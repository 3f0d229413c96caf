CREATE TABLE IF NOT EXISTS products (
    id          TEXT   COLLATE "C" PRIMARY KEY,
    sku         TEXT   COLLATE "C" NOT NULL,
    name        TEXT   NOT NULL,
    category    TEXT   COLLATE "C" NOT NULL,
    price_cents BIGINT NOT NULL CHECK (price_cents >= 0),
    -- The last guard: no statement of this program takes more than there is.
    stock       BIGINT NOT NULL CHECK (stock >= 0),
    -- What only some products have.
    attributes  JSONB  NOT NULL,
    version     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS products_sku ON products (sku);

-- For a listing by category.
CREATE INDEX IF NOT EXISTS products_category_id ON products (category, id);
