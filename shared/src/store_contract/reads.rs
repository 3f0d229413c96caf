//! What is read is what was written, in the order that a listing promises.

use super::{Fixture, Outcome, admin, at_once, came_to, same, user};
use crate::domain::{PasswordHash, Role, Timestamp, User, UserId};

pub(super) async fn ping_answers(fixture: Fixture) -> Outcome {
    fixture.repositories.store.ping(&fixture.context).await.map_err(|error| format!("{error:?}"))
}

pub(super) async fn an_empty_store_lists_nothing(fixture: Fixture) -> Outcome {
    same("all", fixture.all().await?, vec![])?;
    same("admins", fixture.list(Some(Role::Admin), None, 10).await?, vec![])
}

pub(super) async fn list_is_in_the_order_of_ids(fixture: Fixture) -> Outcome {
    // 7 and 30 have no divisor in common: each number once, in no order.
    let shuffled: Vec<_> = (0..30).map(|number| user(number * 7 % 30)).collect();
    fixture.given(&shuffled).await?;
    same("all", fixture.all().await?, (0..30).map(user).collect())
}

pub(super) async fn list_gives_at_most_the_limit(fixture: Fixture) -> Outcome {
    fixture.given(&(0..5).map(user).collect::<Vec<_>>()).await?;
    for (limit, expected) in [(0, 0), (1, 1), (4, 4), (5, 5), (6, 5), (101, 5)] {
        let listed = fixture.list(None, None, limit).await?;
        same(&format!("limit {limit}"), listed, (0..expected).map(user).collect())?;
    }
    Ok(())
}

pub(super) async fn list_continues_after_an_id(fixture: Fixture) -> Outcome {
    let even: Vec<_> = (0..5).map(|number| user(number * 2)).collect();
    fixture.given(&even).await?;
    let check = async |after: UserId, limit: u32, expected: &[u64]| {
        let listed = fixture.list(None, Some(after), limit).await?;
        same(&format!("after {after}"), listed, expected.iter().map(|number| user(*number)).collect())
    };
    check(user(0).id, 2, &[2, 4]).await?;
    check(user(4).id, 10, &[6, 8]).await?;
    // The id of a cursor may have been deleted meanwhile, or never have been there.
    check(user(5).id, 10, &[6, 8]).await?;
    check(UserId::from_bytes([0; 16]), 1, &[0]).await?;
    check(user(8).id, 10, &[]).await?;
    check(UserId::from_bytes([0xff; 16]), 10, &[]).await
}

pub(super) async fn list_filters_by_role(fixture: Fixture) -> Outcome {
    let of = |number: u64| if number.is_multiple_of(3) { admin(number) } else { user(number) };
    fixture.given(&(0..10).map(of).collect::<Vec<_>>()).await?;
    let check = async |role: Role, after: Option<u64>, limit: u32, expected: &[u64]| {
        let listed = fixture.list(Some(role), after.map(|number| user(number).id), limit).await?;
        same(&format!("{role:?} after {after:?}"), listed, expected.iter().map(|number| of(*number)).collect())
    };
    check(Role::Admin, None, 10, &[0, 3, 6, 9]).await?;
    check(Role::Admin, None, 2, &[0, 3]).await?;
    check(Role::Admin, Some(3), 10, &[6, 9]).await?;
    check(Role::User, None, 3, &[1, 2, 4]).await?;
    check(Role::User, Some(4), 2, &[5, 7]).await?;
    check(Role::User, Some(8), 2, &[]).await
}

pub(super) async fn pages_join_up_while_others_insert(fixture: Fixture) -> Outcome {
    fixture.given(&(0..40).map(|number| user(number * 2)).collect::<Vec<_>>()).await?;
    let odd = |number: u64| {
        let fixture = fixture.clone();
        async move { fixture.insert(&user(number * 2 + 1)).await }
    };
    let writers = at_once(40, odd);
    let reader = async {
        let mut listed: Vec<User> = Vec::new();
        loop {
            let page = fixture.list(None, listed.last().map(|user| user.id), 3).await?;
            if page.is_empty() {
                return Ok::<_, String>(listed);
            }
            listed.extend(page);
            tokio::task::yield_now().await;
        }
    };
    let (written, listed) = tokio::join!(writers, reader);
    same("writers", written?, vec!["Ok".to_owned(); 40])?;
    let listed = listed?;
    if !listed.is_sorted_by(|one, next| one.id < next.id) {
        return Err("a user was listed twice, or out of order".to_owned());
    }
    let there_before = (0..40).map(|number| user(number * 2)).filter(|user| listed.contains(user));
    same("users who were there before", there_before.count(), 40)?;
    same("users afterwards", fixture.all().await?.len(), 80)
}

pub(super) async fn find_gives_the_user_of_the_id(fixture: Fixture) -> Outcome {
    same("in an empty store", fixture.find(user(1).id).await?, None)?;
    fixture.given(&[user(1), admin(2)]).await?;
    same("the first", fixture.find(user(1).id).await?, Some(user(1)))?;
    same("the second", fixture.find(user(2).id).await?, Some(admin(2)))?;
    same("nobody", fixture.find(user(3).id).await?, None)
}

pub(super) async fn find_by_email_ignores_case(fixture: Fixture) -> Outcome {
    let ada = User { email: "Ada.Lovelace@Example.com".to_owned(), ..user(1) };
    fixture.given(&[ada.clone(), user(2)]).await?;
    for typed in ["Ada.Lovelace@Example.com", "ada.lovelace@example.com", "ADA.LOVELACE@EXAMPLE.COM"] {
        same(typed, fixture.find_by_email(typed).await?, Some(ada.clone()))?;
    }
    // Neither a pattern nor a part of an address.
    for typed in ["ada.lovelace@example.co", "ada_lovelace@example.com", "%", "ada*", ""] {
        same(typed, fixture.find_by_email(typed).await?, None)?;
    }
    Ok(())
}

pub(super) async fn values_come_back_exactly(fixture: Fixture) -> Outcome {
    // Beyond 2^53, where a store that keeps numbers as floating point loses the last digit.
    let large = 9_007_199_254_740_993;
    let millis = [0, 1, 999, 1_700_000_000_123, 253_402_300_799_999];
    for (number, millis) in (1..).zip(millis) {
        let time = Timestamp::from_millis(millis).ok_or("no such time")?;
        let later = Timestamp::from_millis(millis + 1).unwrap_or(time);
        let user = User {
            password_hash: PasswordHash::from_phc(format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA${millis}")),
            version: large + millis,
            credentials_version: large,
            created_at: time,
            updated_at: later,
            ..user(number)
        };
        came_to("insert", fixture.insert(&user).await, "Ok")?;
        same("the user", fixture.find(user.id).await?, Some(user))?;
    }
    Ok(())
}

pub(super) async fn texts_come_back_exactly(fixture: Fixture) -> Outcome {
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
    let names = [
        "O'Brien".to_owned(),
        "Robert\"); DROP TABLE users; --".to_owned(),
        "back\\slash %like_ $1 ? :name ${x} {{y}}".to_owned(),
        "e\u{301} is not \u{e9}".to_owned(),
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}\u{202c} \u{645}\u{631}\u{62d}\u{628}\u{627}".to_owned(),
        format!("{family}\u{fe0f}\u{feff}\u{fffd}\u{10ffff}"),
        "\u{1d11e}".repeat(100),
        "a".to_owned(),
        "null".to_owned(),
        "0012.50".to_owned(),
        "  inner   spaces  ".to_owned(),
    ];
    for (number, name) in (1..).zip(names) {
        let email = format!("o'{}+%_{number}@example.com", "x".repeat(40));
        let user = User { name, email, ..user(number) };
        came_to(&user.name, fixture.insert(&user).await, "Ok")?;
        same("by id", fixture.find(user.id).await?, Some(user.clone()))?;
        same("by e-mail", fixture.find_by_email(&user.email).await?, Some(user))?;
    }
    Ok(())
}
