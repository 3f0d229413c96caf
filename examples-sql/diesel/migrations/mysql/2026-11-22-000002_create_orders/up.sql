CREATE TABLE IF NOT EXISTS orders (
    id              CHAR(36)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    customer_id     CHAR(36)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    status          VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
                    CHECK (status IN ('pending', 'paid', 'shipped', 'cancelled')),
    subtotal_cents  BIGINT      NOT NULL,
    discount_cents  BIGINT      NOT NULL,
    total_cents     BIGINT      NOT NULL,
    idempotency_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    version         BIGINT      NOT NULL,
    created_at      BIGINT      NOT NULL,
    updated_at      BIGINT      NOT NULL,
    -- Of orders without a key a customer may have many: NULL is not equal to NULL.
    UNIQUE KEY orders_customer_key (customer_id, idempotency_key),
    -- For a customer's orders, all or of a status.
    KEY orders_customer_id_id (customer_id, id),
    KEY orders_customer_status_id (customer_id, status, id),
    -- For the report, which looks at the sales of some days.
    KEY orders_status_created (status, created_at),
    -- There is never an order of nobody, whoever deletes the user at the same time.
    CONSTRAINT orders_customer_id FOREIGN KEY (customer_id) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
