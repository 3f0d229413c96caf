//! The goods of a case: products, what is ordered of them, and what that must cost.

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::answer::{Answer, CaseError, Outcome, ensure};
use crate::request::Request;
use crate::world::{World, member, with};

/// A product of a case's own.
#[derive(Debug, Clone)]
pub struct Product {
    /// The id.
    pub id: String,
    /// The body that it was made with.
    pub body: Value,
}

impl Product {
    /// The path of this product.
    pub fn path(&self) -> String {
        format!("/api/products/{}", self.id)
    }

    /// A line of an order for so many units of it.
    pub fn line(&self, quantity: u64) -> Value {
        json!({ "product_id": self.id, "quantity": quantity })
    }
}

/// The body of an order with these lines.
pub fn order_of(lines: &[Value]) -> Value {
    json!({ "lines": lines })
}

/// What an order of these unit prices and quantities must come to, by the contract's rule: subtotal, discount, total.
pub fn priced(lines: &[(u64, u64)]) -> (u64, u64, u64) {
    let totals: Vec<(u64, u64)> = lines.iter().map(|(price, quantity)| (price * quantity, *quantity)).collect();
    let subtotal: u64 = totals.iter().map(|(total, _)| total).sum();
    let of_lines: u64 = totals.iter().filter(|(_, quantity)| *quantity >= 10).map(|(total, _)| total / 10).sum();
    let left = subtotal - of_lines;
    let of_order = if left >= 50_000 { left / 20 } else { 0 };
    (subtotal, of_lines + of_order, left - of_order)
}

/// Expects an order's sums to be those of its own lines.
pub fn check_sums(order: &Answer) -> Outcome {
    let mut lines = Vec::new();
    for line in order.at("/lines")?.as_array().into_iter().flatten() {
        let number = |name: &str| member(line, name).as_u64().unwrap_or_default();
        let (price, quantity) = (number("unit_price_cents"), number("quantity"));
        order
            .check(number("total_cents") == price * quantity, "each line's total to be its price times its quantity")?;
        lines.push((price, quantity));
    }
    let (subtotal, discount, total) = priced(&lines);
    order.has("/subtotal_cents", subtotal)?.has("/discount_cents", discount)?.has("/total_cents", total)?;
    Ok(())
}

impl World {
    /// A body to create a product with: a SKU of its own, no attributes, a category that only this product has.
    pub fn new_product(&self, price_cents: u64, stock: u64) -> Value {
        let unique = self.unique();
        json!({
            "sku": unique.to_uppercase(),
            "name": format!("Product {unique}"),
            "category": format!("Category {unique}"),
            "price_cents": price_cents,
            "stock": stock,
        })
    }

    /// Has the admin create a product of this body.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn create(&self, body: Value) -> Result<Product, CaseError> {
        let made = self.call(&self.admin().await?.token, "POST", "/api/products", &body).await?;
        Ok(Product { id: made.status(201)?.text_at("/id")?, body })
    }

    /// Has the admin create a product at this price and with this stock.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn create_product(&self, price_cents: u64, stock: u64) -> Result<Product, CaseError> {
        self.create(self.new_product(price_cents, stock)).await
    }

    /// Has the admin create this many products of one category, in this order.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn create_products(&self, category: &str, count: usize) -> Result<Vec<Product>, CaseError> {
        let bodies = (0..count).map(|_| with(self.new_product(100, 10), "category", json!(category)));
        let mut products = Vec::new();
        for body in bodies {
            products.push(self.create(body).await?);
        }
        Ok(products)
    }

    /// Has the admin delete a product.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn delete_product(&self, product: &Product) -> Outcome {
        let admin = self.admin().await?;
        self.send(Request::new("DELETE", &product.path()).bearer(&admin.token)).await?.status(204)?;
        Ok(())
    }

    /// Places an order, whatever comes of it.
    ///
    /// # Errors
    /// As [`World::send`].
    pub async fn place(&self, token: &str, lines: &[Value]) -> Result<Answer, CaseError> {
        self.call(token, "POST", "/api/orders", &order_of(lines)).await
    }

    /// Places an order under an idempotency key, whatever comes of it.
    ///
    /// # Errors
    /// As [`World::send`].
    pub async fn place_once(&self, token: &str, key: &str, lines: &[Value]) -> Result<Answer, CaseError> {
        let request = Request::new("POST", "/api/orders").bearer(token).header("Idempotency-Key", key);
        self.send(request.json(&order_of(lines))).await
    }

    /// Places an order that must be taken, and returns its path.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn order(&self, token: &str, lines: &[Value]) -> Result<String, CaseError> {
        let placed = self.place(token, lines).await?;
        Ok(placed.status(201)?.needs_header("location")?.to_owned())
    }

    /// Asks for an order's status to become this one, whatever comes of it.
    ///
    /// # Errors
    /// As [`World::send`].
    pub async fn move_to(&self, token: &str, order: &str, status: &str) -> Result<Answer, CaseError> {
        self.call(token, "PATCH", order, &json!({ "status": status })).await
    }

    /// Has the admin move an order through these statuses.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn move_through(&self, order: &str, statuses: &[&str]) -> Outcome {
        for status in statuses {
            let moved = self.move_to(&self.admin().await?.token, order, status).await?;
            moved.status(200)?.has("/status", *status)?;
        }
        Ok(())
    }

    /// Expects these products to have these many units left.
    ///
    /// # Errors
    /// When one has not, or is not there.
    pub async fn stocks(&self, expected: &[(&Product, u64)]) -> Outcome {
        for (product, stock) in expected {
            self.get(&product.path()).await?.status(200)?.has("/stock", *stock)?;
        }
        Ok(())
    }

    /// The ids of all items of a listing, walked page by page by their `Link` headers.
    ///
    /// # Errors
    /// When a page is refused, or `Link` and `next` do not agree.
    pub async fn walk(&self, token: Option<&str>, path: &str) -> Result<Vec<String>, CaseError> {
        let mut ids = Vec::new();
        let mut path = path.to_owned();
        loop {
            let request = Request::new("GET", &path);
            let page = self.send(if let Some(token) = token { request.bearer(token) } else { request }).await?;
            let items = page.status(200)?.at("/items")?;
            let id = |item: &Value| member(item, "id").as_str().unwrap_or_default().to_owned();
            ids.extend(items.as_array().into_iter().flatten().map(id));
            let linked =
                page.header("link").and_then(|link| link.strip_prefix('<')).and_then(|link| link.split_once('>'));
            page.check(
                linked.is_some() == page.at("/next")?.is_string(),
                "a Link header exactly where `next` is no null",
            )?;
            match linked {
                Some((target, _)) => path = target.to_owned(),
                None => return Ok(ids),
            }
        }
    }

    /// Sends these requests at once.
    ///
    /// # Errors
    /// As [`World::send`], for any of them.
    pub async fn all_at_once(&self, requests: Vec<Request>) -> Result<Vec<Answer>, CaseError> {
        try_join_all(requests.into_iter().map(|request| self.send(request))).await
    }
}

/// Expects that nobody was sent away for want of room: so few requests at once are no overload.
pub fn none_unavailable(answers: &[Answer]) -> Outcome {
    match answers.iter().find(|answer| answer.status >= 500) {
        Some(answer) => Err(answer.unexpected("an answer of the rules: so few requests at once are no overload")),
        None => Ok(()),
    }
}

/// How many of the answers have this status.
pub fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// Expects exactly so many answers of each of these statuses, and no others.
pub fn tally(answers: &[Answer], expected: &[(u16, usize)]) -> Outcome {
    none_unavailable(answers)?;
    let right = expected.iter().all(|(status, wanted)| count(answers, *status) == *wanted)
        && expected.iter().map(|(_, wanted)| wanted).sum::<usize>() == answers.len();
    ensure(right, || {
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        format!("expected: (status, how often) {expected:?}\nreceived: {statuses:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::priced;

    #[test]
    fn the_rule_is_the_contracts() {
        assert_eq!(priced(&[(100, 9)]), (900, 0, 900));
        assert_eq!(priced(&[(19, 10)]), (190, 19, 171));
        assert_eq!(priced(&[(1, 19)]), (19, 1, 18), "rounded down");
        assert_eq!(priced(&[(49_999, 1)]), (49_999, 0, 49_999));
        assert_eq!(priced(&[(50_000, 1)]), (50_000, 2_500, 47_500));
        assert_eq!(priced(&[(5_555, 10)]), (55_550, 5_555, 49_995), "what is left decides");
        assert_eq!(priced(&[(7_990, 2), (599, 10)]), (21_970, 599, 21_371));
    }
}
