//! The tables, as maps. Everything is kept as the domain knows it: there is no row to convert.

use shared::domain::{EmailKey, Order, OrderId, Product, ProductId, Role, User, UserId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

/// Everything that is kept, and what is found otherwise than by id. All of it is changed under one lock, so that no two maps
/// ever disagree.
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) users: BTreeMap<UserId, User>,
    pub(crate) ids_by_email: HashMap<EmailKey, UserId>,
    pub(crate) products: BTreeMap<ProductId, Product>,
    pub(crate) ids_by_sku: HashMap<String, ProductId>,
    /// With the customer's name empty: it is looked up in `users`.
    pub(crate) orders: BTreeMap<OrderId, Order>,
    pub(crate) ids_by_customer: BTreeSet<(UserId, OrderId)>,
    pub(crate) ids_by_key: HashMap<(UserId, String), OrderId>,
}

impl Tables {
    /// Whether there is an admin other than this user.
    pub(crate) fn has_admin_beside(&self, id: UserId) -> bool {
        self.users.values().any(|user| user.role == Role::Admin && user.id != id)
    }

    /// The orders of a customer after this one, oldest first.
    pub(crate) fn orders_of(&self, customer: UserId, after: Option<OrderId>) -> impl Iterator<Item = &Order> {
        let first = (customer, OrderId::from_bytes([0; 16]));
        let from = after.map_or(Bound::Included(first), |after| Bound::Excluded((customer, after)));
        let to = Bound::Included((customer, OrderId::from_bytes([0xff; 16])));
        self.ids_by_customer.range((from, to)).filter_map(|(_, id)| self.orders.get(id))
    }
}
