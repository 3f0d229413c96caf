-- A line is a copy of its product at the time of the order. It does not refer to the product, which may be deleted.
CREATE TABLE IF NOT EXISTS order_lines (
    order_id         TEXT   COLLATE "C" NOT NULL CONSTRAINT order_lines_order_id REFERENCES orders (id),
    position         BIGINT NOT NULL,
    product_id       TEXT   COLLATE "C" NOT NULL,
    name             TEXT   NOT NULL,
    category         TEXT   COLLATE "C" NOT NULL,
    unit_price_cents BIGINT NOT NULL,
    quantity         BIGINT NOT NULL CHECK (quantity > 0),
    total_cents      BIGINT NOT NULL,
    -- The line's share of the order's total, after discounts: what the report adds up.
    revenue_cents    BIGINT NOT NULL,
    PRIMARY KEY (order_id, position)
);
