-- A line is a copy of its product at the time of the order. It does not refer to the product, which may be deleted.
CREATE TABLE IF NOT EXISTS order_lines (
    order_id         CHAR(36)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    position         BIGINT      NOT NULL,
    product_id       CHAR(36)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name             TEXT        NOT NULL,
    category         VARCHAR(50) NOT NULL,
    unit_price_cents BIGINT      NOT NULL,
    quantity         BIGINT      NOT NULL CHECK (quantity > 0),
    total_cents      BIGINT      NOT NULL,
    -- The line's share of the order's total, after discounts: what the report adds up.
    revenue_cents    BIGINT      NOT NULL,
    PRIMARY KEY (order_id, position),
    CONSTRAINT order_lines_order_id FOREIGN KEY (order_id) REFERENCES orders (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
