//! Unique addresses, compare-and-swap, and what is left after a refusal.

use super::{Fixture, Outcome, admin, at_once, came_to, changed, one_succeeded, same, user};
use crate::domain::{PasswordHash, Role, Timestamp, User};

pub(super) async fn insert_refuses_a_taken_email(fixture: Fixture) -> Outcome {
    let first = User { email: "Ada@example.com".to_owned(), ..user(1) };
    fixture.given(std::slice::from_ref(&first)).await?;
    for email in ["Ada@example.com", "ada@EXAMPLE.com"] {
        let second = User { email: email.to_owned(), ..user(2) };
        came_to(email, fixture.insert(&second).await, "EmailTaken")?;
    }
    same("all", fixture.all().await?, vec![first])
}

pub(super) async fn insert_refuses_the_same_user_again(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    came_to("the same user", fixture.insert(&user(1)).await, "EmailTaken")?;
    // Demo data is inserted again at each start, also for somebody who has another address by now.
    let moved = User { email: "moved@example.com".to_owned(), ..user(1) };
    came_to("the same id", fixture.insert(&moved).await, "EmailTaken")?;
    same("all", fixture.all().await?, vec![user(1)])?;
    same("by the address refused", fixture.find_by_email("moved@example.com").await?, None)
}

pub(super) async fn of_50_inserts_of_one_email_one_succeeds(fixture: Fixture) -> Outcome {
    let words = at_once(50, |number| {
        let fixture = fixture.clone();
        let email = if number % 2 == 0 { "ada@example.com" } else { "ADA@example.com" };
        async move { fixture.insert(&User { email: email.to_owned(), ..user(number) }).await }
    });
    one_succeeded(&words.await?, "EmailTaken")?;
    same("how many are there", fixture.all().await?.len(), 1)
}

pub(super) async fn of_50_inserts_at_once_all_succeed(fixture: Fixture) -> Outcome {
    let words = at_once(50, |number| {
        let fixture = fixture.clone();
        async move { fixture.insert(&user(number)).await }
    });
    same("inserts", words.await?, vec!["Ok".to_owned(); 50])?;
    same("all", fixture.all().await?, (0..50).map(user).collect())
}

pub(super) async fn update_writes_every_field(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    let after = User {
        id: user(1).id,
        name: "Another".to_owned(),
        email: "Another@example.com".to_owned(),
        password_hash: PasswordHash::from_phc("another".to_owned()),
        role: Role::Admin,
        version: 2,
        credentials_version: 3,
        created_at: Timestamp::from_millis(1).ok_or("no such time")?,
        updated_at: Timestamp::from_millis(2).ok_or("no such time")?,
    };
    came_to("update", fixture.update(&after, 1).await, "Ok")?;
    same("the user", fixture.find(after.id).await?, Some(after.clone()))?;
    same("by e-mail", fixture.find_by_email("another@example.com").await?, Some(after.clone()))?;
    same("admins", fixture.list(Some(Role::Admin), None, 10).await?, vec![after])?;
    same("users", fixture.list(Some(Role::User), None, 10).await?, vec![user(2)])
}

pub(super) async fn update_with_another_version_changes_nothing(fixture: Fixture) -> Outcome {
    fixture.given(&[User { version: 5, ..user(1) }]).await?;
    let after = changed(&user(1), |user| "Another".clone_into(&mut user.name));
    for expected_version in [4, 6, 0, -1, i64::MAX] {
        came_to("update", fixture.update(&after, expected_version).await, "VersionConflict")?;
    }
    same("the user", fixture.find(user(1).id).await?, Some(User { version: 5, ..user(1) }))
}

pub(super) async fn update_of_an_unknown_user_is_a_conflict(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    came_to("update", fixture.update(&user(2), 1).await, "VersionConflict")?;
    same("all", fixture.all().await?, vec![user(1)])
}

pub(super) async fn of_50_updates_of_one_version_one_succeeds(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let update = |number: u64| changed(&user(1), |user| user.name = format!("Change {number}"));
    let words = at_once(50, |number| {
        let fixture = fixture.clone();
        async move { fixture.update(&update(number), 1).await }
    });
    let words = words.await?;
    one_succeeded(&words, "VersionConflict")?;
    let winner = (0..).zip(&words).find(|(_, word)| *word == "Ok").map(|(number, _)| update(number));
    same("the user", fixture.find(user(1).id).await?, winner)
}

pub(super) async fn update_refuses_a_taken_email(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    let after = changed(&user(2), |second| second.email = user(1).email.to_uppercase());
    came_to("update", fixture.update(&after, 1).await, "EmailTaken")?;
    same("all", fixture.all().await?, vec![user(1), user(2)])?;
    same("by its own e-mail", fixture.find_by_email(&user(2).email).await?, Some(user(2)))
}

pub(super) async fn update_keeps_its_own_email_in_another_case(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    let after = changed(&user(1), |user| user.email = user.email.to_uppercase());
    came_to("update", fixture.update(&after, 1).await, "Ok")?;
    same("by e-mail", fixture.find_by_email(&user(1).email).await?, Some(after))
}

pub(super) async fn update_gives_the_old_email_free(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    let after = changed(&user(1), |user| "new@example.com".clone_into(&mut user.email));
    came_to("update", fixture.update(&after, 1).await, "Ok")?;
    same("by the old e-mail", fixture.find_by_email(&user(1).email).await?, None)?;
    let second = User { email: user(1).email, ..user(2) };
    came_to("insert", fixture.insert(&second).await, "Ok")?;
    same("all", fixture.all().await?, vec![after, second])
}

pub(super) async fn of_20_users_who_take_one_email_one_succeeds(fixture: Fixture) -> Outcome {
    fixture.given(&(0..20).map(user).collect::<Vec<_>>()).await?;
    let words = at_once(20, |number| {
        let fixture = fixture.clone();
        let after = changed(&user(number), |user| "wanted@example.com".clone_into(&mut user.email));
        async move { fixture.update(&after, 1).await }
    });
    one_succeeded(&words.await?, "EmailTaken")?;
    let changed = fixture.all().await?.into_iter().filter(|user| user.version == 2);
    same("those changed", changed.map(|user| user.email).collect(), vec!["wanted@example.com".to_owned()])
}

pub(super) async fn delete_removes_the_user_and_gives_its_email_free(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    came_to("delete", fixture.delete(user(1).id, 1).await, "Ok")?;
    same("by id", fixture.find(user(1).id).await?, None)?;
    same("by e-mail", fixture.find_by_email(&user(1).email).await?, None)?;
    same("all", fixture.all().await?, vec![user(2)])?;
    came_to("insert", fixture.insert(&User { email: user(1).email, ..user(3) }).await, "Ok")
}

pub(super) async fn delete_with_another_version_changes_nothing(fixture: Fixture) -> Outcome {
    let stored = User { version: 5, ..admin(1) };
    fixture.given(&[stored.clone(), admin(2)]).await?;
    for expected_version in [4, 6, 0] {
        came_to("delete", fixture.delete(stored.id, expected_version).await, "VersionConflict")?;
    }
    same("all", fixture.all().await?, vec![stored, admin(2)])
}

pub(super) async fn delete_of_an_unknown_user_is_a_conflict(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1)]).await?;
    came_to("delete", fixture.delete(user(2).id, 1).await, "VersionConflict")?;
    same("all", fixture.all().await?, vec![user(1)])
}

pub(super) async fn of_50_deletes_of_one_user_one_succeeds(fixture: Fixture) -> Outcome {
    fixture.given(&[user(1), user(2)]).await?;
    let words = at_once(50, |_| {
        let fixture = fixture.clone();
        async move { fixture.delete(user(1).id, 1).await }
    });
    one_succeeded(&words.await?, "VersionConflict")?;
    same("all", fixture.all().await?, vec![user(2)])
}

pub(super) async fn of_an_update_and_a_delete_at_once_one_succeeds(fixture: Fixture) -> Outcome {
    for round in 0..20 {
        fixture.given(&[user(round)]).await?;
        let after = changed(&user(round), |user| "Another".clone_into(&mut user.name));
        let words = at_once(2, |number| {
            let (fixture, after) = (fixture.clone(), after.clone());
            async move { if number == 0 { fixture.update(&after, 1).await } else { fixture.delete(after.id, 1).await } }
        });
        let words = words.await?;
        one_succeeded(&words, "VersionConflict")?;
        let updated = words.first().is_some_and(|word| word == "Ok");
        same("what is left", fixture.find(after.id).await?, updated.then_some(after))?;
    }
    Ok(())
}
