//! Many at once: what must hold whatever runs at the same time.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all, try_join_all};
use serde_json::{Value, json};

use crate::answer::{Answer, CaseError, Outcome, ensure};
use crate::request::Request;
use crate::world::{Account, PASSWORD, World, member};

cases!("races";
    one_of_fifty_emails_alike_but_for_case_is_registered,
    of_a_hundred_patches_of_one_version_one_wins,
    a_hundred_patches_without_a_condition_lose_no_field,
    two_users_cannot_move_to_one_email,
    deleting_at_once_succeeds_once,
    a_patch_beside_a_delete_leaves_nothing_behind;
    alone:
    two_admins_deleting_each_other_leave_one,
    two_admins_stepping_down_at_once_leave_one,
);

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

async fn one_of_fifty_emails_alike_but_for_case_is_registered(world: &World) -> Outcome {
    let email = format!("abcdef{}", world.unique_email());
    let spelled = |number: usize| -> String {
        // The bits of the number decide which of the first six letters are capitals: fifty different spellings.
        let letter = |(place, letter): (usize, char)| {
            if place < 6 && number >> place & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
        };
        email.chars().enumerate().map(letter).collect()
    };
    let requests = (0..50).map(|number| {
        let body = json!({ "name": "One", "email": spelled(number), "password": PASSWORD });
        world.send(Request::new("POST", "/api/auth/register").json(&body))
    });
    let answers = try_join_all(requests).await?;
    ensure(count(&answers, 201) == 1 && count(&answers, 409) == 49, || {
        format!("expected: one 201 and 49 times 409\nreceived: {:?}", statuses(&answers))
    })?;
    for refused in answers.iter().filter(|answer| answer.status == 409) {
        refused.problem("email-taken")?;
    }
    world.login(&email, PASSWORD).await?.status(200)?;
    Ok(())
}

async fn of_a_hundred_patches_of_one_version_one_wins(world: &World) -> Outcome {
    let account = world.register_user().await?;
    for version in 1..=3_u64 {
        let requests = (0..100).map(|number| {
            let request = Request::new("PATCH", &account.path()).bearer(&account.token);
            let request = request.header("If-Match", format!("\"{version}\""));
            world.send(request.json(&json!({ "name": format!("Name {version} {number}") })))
        });
        let answers = try_join_all(requests).await?;
        ensure(count(&answers, 200) == 1 && count(&answers, 412) == 99, || {
            format!("expected: one 200 and 99 times 412\nreceived: {:?}", statuses(&answers))
        })?;
        let found = world.get_as(&account.token, &account.path()).await?;
        found.has("/version", version + 1)?;
        if let Some(won) = answers.iter().find(|answer| answer.status == 200) {
            found.check(found.body == won.body, format_args!("what the winner was answered: {}", won.text()))?;
        }
    }
    Ok(())
}

fn number_at(answer: &Answer, pointer: &str) -> Result<u64, CaseError> {
    answer.at(pointer)?.as_u64().ok_or_else(|| answer.unexpected(format_args!("a number at {pointer}")))
}

async fn a_hundred_patches_without_a_condition_lose_no_field(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let unique = world.unique();
    let body_of = |number: usize| match number % 2 {
        0 => json!({ "name": format!("Name {number}") }),
        _ => json!({ "email": format!("{unique}.{number}@contract.test") }),
    };
    let requests = (0..100).map(|number| world.call_owned(&account, body_of(number)));
    let answers = try_join_all(requests).await?;
    // What each field was set to last: the value of the answer with the highest version.
    let (mut versions, mut name, mut email) = (BTreeSet::new(), (1, json!("Con Tract")), (1, json!(account.email)));
    for (number, answer) in answers.iter().enumerate() {
        // Lost too many races, or waited too long for its turn at a slow store, and said so: nothing was applied.
        if answer.status == 409 {
            answer.problem("edit-conflict")?;
            continue;
        }
        if answer.status == 503 {
            answer.problem("overloaded")?;
            continue;
        }
        let version = number_at(answer.status(200)?, "/version")?;
        versions.insert(version);
        let (field, last) = if number % 2 == 0 { ("name", &mut name) } else { ("email", &mut email) };
        let value = member(&body_of(number), field);
        answer.has(&format!("/{field}"), value.clone())?;
        if version > last.0 {
            *last = (version, value);
        }
    }
    let applied = count(&answers, 200) as u64;
    ensure(applied >= 10, || format!("expected: 10 or more applied\nreceived: {applied}"))?;
    let expected: BTreeSet<u64> = (2..=applied + 1).collect();
    ensure(versions == expected, || format!("expected: versions {expected:?}, one a patch\nreceived: {versions:?}"))?;
    ensure(applied >= 1, || "expected: at least one of 100 patches applied".to_owned())?;
    let found = world.get_as(&account.token, &account.path()).await?;
    found.has("/version", applied + 1)?.has("/name", name.1)?.has("/email", email.1)?;
    Ok(())
}

impl World {
    /// A patch of a user by itself, with a body that the request owns.
    async fn call_owned(&self, account: &Account, body: Value) -> Result<Answer, CaseError> {
        self.call(&account.token, "PATCH", &account.path(), &body).await
    }
}

async fn two_users_cannot_move_to_one_email(world: &World) -> Outcome {
    let mut accounts = Vec::new();
    for _ in 0..8 {
        accounts.push(world.register_user().await?);
    }
    let email = world.unique_email();
    let requests = accounts.iter().map(|account| world.call_owned(account, json!({ "email": email })));
    let answers = try_join_all(requests).await?;
    ensure(count(&answers, 200) == 1 && count(&answers, 409) == 7, || {
        format!("expected: one 200 and 7 times 409\nreceived: {:?}", statuses(&answers))
    })
}

async fn deleting_at_once_succeeds_once(world: &World) -> Outcome {
    let made = world.register().await?;
    let admin = world.admin().await?;
    let path = format!("/api/users/{}", made.text_at("/id")?);
    let answers = (0..20).map(|_| world.send(Request::new("DELETE", &path).bearer(&admin.token)));
    let answers = try_join_all(answers).await?;
    ensure(count(&answers, 204) == 1 && count(&answers, 404) == 19, || {
        format!("expected: one 204 and 19 times 404\nreceived: {:?}", statuses(&answers))
    })
}

async fn a_patch_beside_a_delete_leaves_nothing_behind(world: &World) -> Outcome {
    let admin = world.admin().await?;
    for _ in 0..5 {
        let made = world.register().await?;
        let path = format!("/api/users/{}", made.text_at("/id")?);
        let patches = (0..10).map(|number| {
            let body = json!({ "name": format!("Ghost {number}") });
            let request = Request::new("PATCH", &path).bearer(&admin.token).json(&body);
            world.send(request)
        });
        let delete = world.send(Request::new("DELETE", &path).bearer(&admin.token));
        let (patched, deleted) = join(join_all(patches), delete).await;
        deleted?.status(204)?;
        for answer in patched {
            let answer = answer?;
            answer.check(matches!(answer.status, 200 | 404 | 409), "200, 404 or 409")?;
        }
        world.get_as(&admin.token, &path).await?.status(404)?.problem("not-found")?;
    }
    Ok(())
}

/// The admin stands down, so that two new ones are the only admins, and both send their request at once; then the one
/// that is left makes the admin one again, and is deleted.
async fn between_two_admins(world: &World, requests: fn(&Account, &Account) -> [Request; 2], success: u16) -> Outcome {
    let admin = world.only_admin().await?;
    let (one, other) = (world.create_admin().await?, world.create_admin().await?);
    let role = |role: &str| json!({ "role": role });
    world.call(&admin.token, "PATCH", &admin.path(), &role("user")).await?.status(200)?.has("/role", "user")?;
    world.forget_admin().await;
    let [first, second] = requests(&one, &other);
    let (first, second) = join(world.send(first), world.send(second)).await;
    let outcome = first.and_then(|first| one_won(&first, &second?, success));
    // Whatever came of it, the admin must be one again, or no further case can run. A race may have ended the
    // tokens of the one that is left as well, so both sign in anew.
    let mut restored = false;
    for account in [&one, &other] {
        let login = world.login(&account.email, PASSWORD).await?;
        if let Ok(token) = login.text_at("/access_token") {
            restored |= world.call(&token, "PATCH", &admin.path(), &role("admin")).await?.status == 200;
        }
    }
    ensure(restored, || {
        let cause = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
        format!("expected: one admin left\nreceived: none, and ADMIN_EMAIL cannot become one again\n{cause}")
    })?;
    world.only_admin().await?;
    outcome
}

/// Of two, one must have succeeded, and the other been refused because it was too late.
fn one_won(one: &Answer, other: &Answer, success: u16) -> Outcome {
    let (won, lost) = if one.status == success { (one, other) } else { (other, one) };
    won.status(success)?;
    lost.check(matches!(lost.status, 401 | 409), "a refusal, 401 or 409, since the other was first")?;
    if lost.status == 409 {
        lost.problem("last-admin")?;
    }
    Ok(())
}

fn delete(who: &Account, whom: &Account) -> Request {
    Request::new("DELETE", &whom.path()).bearer(&who.token)
}

async fn two_admins_deleting_each_other_leave_one(world: &World) -> Outcome {
    for _ in 0..3 {
        between_two_admins(world, |one, other| [delete(one, other), delete(other, one)], 204).await?;
    }
    Ok(())
}

fn step_down(who: &Account) -> Request {
    Request::new("PATCH", &who.path()).bearer(&who.token).json(&json!({ "role": "user" }))
}

async fn two_admins_stepping_down_at_once_leave_one(world: &World) -> Outcome {
    for _ in 0..3 {
        between_two_admins(world, |one, other| [step_down(one), step_down(other)], 200).await?;
    }
    Ok(())
}
