CREATE TABLE IF NOT EXISTS orders (
    id              TEXT   COLLATE "C" PRIMARY KEY,
    -- There is never an order of nobody, whoever deletes the user at the same time.
    customer_id     TEXT   COLLATE "C" NOT NULL CONSTRAINT orders_customer_id REFERENCES users (id),
    status          TEXT   COLLATE "C" NOT NULL CHECK (status IN ('pending', 'paid', 'shipped', 'cancelled')),
    subtotal_cents  BIGINT NOT NULL,
    discount_cents  BIGINT NOT NULL,
    total_cents     BIGINT NOT NULL,
    idempotency_key TEXT   COLLATE "C",
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);

-- Of orders without a key a customer may have many: NULL is not equal to NULL.
CREATE UNIQUE INDEX IF NOT EXISTS orders_customer_key ON orders (customer_id, idempotency_key);

-- For a customer's orders, all or of a status.
CREATE INDEX IF NOT EXISTS orders_customer_id_id ON orders (customer_id, id);
CREATE INDEX IF NOT EXISTS orders_customer_status_id ON orders (customer_id, status, id);

-- For the report, which looks at the sales of some days.
CREATE INDEX IF NOT EXISTS orders_status_created ON orders (status, created_at);
