//! Demo data: the same users with the same ids and times in every store, so that answers can be compared as they are.

use crate::context::RequestContext;
use crate::domain::{PasswordHash, Role, Timestamp, User, UserId};
use crate::repository::{StoreError, UserRepository};

/// How many demo users there are, beside the demo admin.
pub const USERS: u64 = 200;

/// The demo admin's e-mail address.
pub const ADMIN_EMAIL: &str = "admin@example.com";

/// 2025-01-01T09:00:00Z: when the demo admin was created; each user follows some hours later.
const FIRST_MILLIS: u64 = 1_735_722_000_000;
const STEP_MILLIS: u64 = 11_160_000;

const GIVEN: [&str; 20] = [
    "Ada",
    "Alan",
    "Barbara",
    "Claude",
    "Donald",
    "Edsger",
    "Frances",
    "Grace",
    "Hedy",
    "Ivan",
    "Jean",
    "Katherine",
    "Leslie",
    "Margaret",
    "Niklaus",
    "Peter",
    "Radia",
    "Shafi",
    "Tony",
    "Vint",
];
const FAMILY: [&str; 10] =
    ["Archer", "Baker", "Carter", "Dyer", "Fletcher", "Hunter", "Mason", "Miller", "Potter", "Weaver"];

/// The demo user of this number: 0 is the admin, 1 to [`USERS`] are users.
pub fn user(number: u64, password_hash: PasswordHash) -> User {
    let pick = |names: &[&'static str], index: u64| {
        let index = usize::try_from(index).unwrap_or_default() % names.len();
        names.get(index).copied().unwrap_or_default()
    };
    let millis = FIRST_MILLIS + number * STEP_MILLIS;
    let created_at = i64::try_from(millis).ok().and_then(Timestamp::from_millis).unwrap_or_else(Timestamp::now);
    // Twenty given names and ten family names make 200 people who are all called differently.
    let (given, family) = (pick(&GIVEN, number), pick(&FAMILY, number + number / 20));
    let (name, email, role) = if number == 0 {
        ("Demo Admin".to_owned(), ADMIN_EMAIL.to_owned(), Role::Admin)
    } else {
        let email = format!("{}.{}@example.com", given.to_lowercase(), family.to_lowercase());
        (format!("{given} {family}"), email, Role::User)
    };
    let id = id(millis, number);
    User {
        id,
        name,
        email,
        password_hash,
        role,
        version: 1,
        credentials_version: 1,
        created_at,
        updated_at: created_at,
    }
}

/// A hash that no password gives, for tests and tools that sign nobody in.
pub fn unusable_hash() -> PasswordHash {
    PasswordHash::from_phc("$argon2id$v=19$m=19456,t=2,p=1$dW51c2FibGU$AAAAAAAAAAAAAAAAAAAAAA".to_owned())
}

/// Keeps the demo users (not the admin) that are not there yet. They are kept in the order of their numbers, so that what
/// a crash leaves is a beginning of them.
///
/// # Errors
/// The store's.
pub async fn fill(
    context: &RequestContext,
    users: &dyn UserRepository,
    password_hash: &PasswordHash,
) -> Result<(), StoreError> {
    for number in 1..=USERS {
        match users.insert(context, &user(number, password_hash.clone())).await {
            Ok(()) | Err(StoreError::EmailTaken) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether [`fill`] has come to its end once: some of the last ten users are there. Not the very last one alone, which
/// somebody may have deleted since.
///
/// # Errors
/// The store's.
pub async fn is_filled(context: &RequestContext, users: &dyn UserRepository) -> Result<bool, StoreError> {
    for number in USERS - 9..=USERS {
        if users.find(context, user(number, unusable_hash()).id).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A UUIDv7 whose random part is spread from the number (SplitMix64), so that it is the same wherever it is made.
fn id(millis: u64, number: u64) -> UserId {
    let spread = |seed: u64| {
        let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let high = (millis << 16) | 0x7000 | (spread(number * 2) & 0x0fff);
    let low = (spread(number * 2 + 1) & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    UserId::from_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::{USERS, unusable_hash, user};
    use std::collections::BTreeSet;

    #[test]
    fn demo_users_are_different_people_in_the_order_of_their_ids() {
        let users: Vec<_> = (0..=USERS).map(|number| user(number, unusable_hash())).collect();
        assert!(users.is_sorted_by(|one, other| one.id < other.id && one.created_at < other.created_at));
        let emails: BTreeSet<_> = users.iter().map(|user| user.email_key()).collect();
        assert_eq!(emails.len() as u64, USERS + 1);
    }

    #[test]
    fn demo_users_never_change() {
        let first = user(1, unusable_hash());
        let shown = (first.id.to_string(), first.name, first.created_at.to_string());
        assert_eq!(shown.0.len(), 36);
        assert_eq!(shown.0.as_bytes()[14], b'7');
        assert_eq!((shown.1.as_str(), shown.2.as_str()), ("Alan Baker", "2025-01-01T12:06:00.000Z"));
    }
}
