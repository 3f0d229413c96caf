//! An admin is always left, whatever happens at the same time.

use super::{Fixture, Outcome, admin, at_once, came_to, changed, one_succeeded, same, user};
use crate::domain::{Role, User};

fn demoted(admin: &User) -> User {
    changed(admin, |admin| admin.role = Role::User)
}

pub(super) async fn the_last_admin_is_not_deleted(fixture: Fixture) -> Outcome {
    fixture.given(&[admin(1), user(2)]).await?;
    came_to("delete", fixture.delete(admin(1).id, 1).await, "LastAdmin")?;
    same("all", fixture.all().await?, vec![admin(1), user(2)])
}

pub(super) async fn the_last_admin_is_not_demoted(fixture: Fixture) -> Outcome {
    fixture.given(&[admin(1), user(2)]).await?;
    came_to("update", fixture.update(&demoted(&admin(1)), 1).await, "LastAdmin")?;
    same("all", fixture.all().await?, vec![admin(1), user(2)])
}

pub(super) async fn the_last_admin_can_be_changed_otherwise(fixture: Fixture) -> Outcome {
    fixture.given(&[admin(1), user(2)]).await?;
    let after = changed(&admin(1), |admin| {
        "Another".clone_into(&mut admin.name);
        "another@example.com".clone_into(&mut admin.email);
    });
    came_to("update", fixture.update(&after, 1).await, "Ok")?;
    same("all", fixture.all().await?, vec![after, user(2)])
}

pub(super) async fn another_version_is_told_before_the_last_admin(fixture: Fixture) -> Outcome {
    fixture.given(&[admin(1)]).await?;
    came_to("update", fixture.update(&demoted(&admin(1)), 2).await, "VersionConflict")?;
    came_to("delete", fixture.delete(admin(1).id, 2).await, "VersionConflict")?;
    same("all", fixture.all().await?, vec![admin(1)])
}

pub(super) async fn one_of_two_admins_can_be_deleted(fixture: Fixture) -> Outcome {
    fixture.given(&[admin(1), admin(2)]).await?;
    came_to("the first", fixture.delete(admin(1).id, 1).await, "Ok")?;
    came_to("the second", fixture.delete(admin(2).id, 1).await, "LastAdmin")?;
    same("all", fixture.all().await?, vec![admin(2)])
}

pub(super) async fn one_of_two_admins_can_be_demoted(fixture: Fixture) -> Outcome {
    fixture.given(&[admin(1), admin(2)]).await?;
    came_to("the first", fixture.update(&demoted(&admin(1)), 1).await, "Ok")?;
    came_to("the second", fixture.update(&demoted(&admin(2)), 1).await, "LastAdmin")?;
    // Somebody who is no admin any more can go.
    came_to("the first again", fixture.delete(admin(1).id, 2).await, "Ok")?;
    same("all", fixture.all().await?, vec![admin(2)])
}

pub(super) async fn a_new_admin_lets_the_first_one_go(fixture: Fixture) -> Outcome {
    fixture.given(&[admin(1), user(2)]).await?;
    let promoted = changed(&user(2), |user| user.role = Role::Admin);
    came_to("promotion", fixture.update(&promoted, 1).await, "Ok")?;
    came_to("delete", fixture.delete(admin(1).id, 1).await, "Ok")?;
    same("all", fixture.all().await?, vec![promoted])
}

pub(super) async fn two_admins_who_delete_each_other_leave_one(fixture: Fixture) -> Outcome {
    race(fixture, [Loss::Deleted, Loss::Deleted]).await
}

pub(super) async fn two_admins_who_demote_each_other_leave_one(fixture: Fixture) -> Outcome {
    race(fixture, [Loss::Demoted, Loss::Demoted]).await
}

pub(super) async fn an_admin_who_is_deleted_while_the_other_is_demoted_leaves_one(fixture: Fixture) -> Outcome {
    race(fixture, [Loss::Deleted, Loss::Demoted]).await
}

/// What becomes of an admin.
#[derive(Clone, Copy)]
enum Loss {
    Deleted,
    Demoted,
}

/// Two admins are lost at the same time, 20 times over: a store that looks first and writes then, without holding
/// anything in between, loses both of them in some of the rounds.
async fn race(fixture: Fixture, losses: [Loss; 2]) -> Outcome {
    for round in 0..20 {
        let pair = [admin(round * 2), admin(round * 2 + 1)];
        fixture.given(&pair).await?;
        // The one left over by the round before goes, so that there are these two.
        if let Some(left) = fixture.all().await?.first().filter(|first| !pair.contains(first)) {
            came_to("the one left over", fixture.delete(left.id, left.version).await, "Ok")?;
        }
        let running: Vec<_> = pair.into_iter().zip(losses).collect();
        let words = at_once(2, |number| {
            let (fixture, running) = (fixture.clone(), running.clone());
            async move {
                match running.into_iter().nth(usize::from(number == 1)) {
                    Some((admin, Loss::Deleted)) => fixture.delete(admin.id, 1).await,
                    Some((admin, Loss::Demoted)) => fixture.update(&demoted(&admin), 1).await,
                    None => "nobody".to_owned(),
                }
            }
        });
        one_succeeded(&words.await?, "LastAdmin")?;
        same("admins left", fixture.list(Some(Role::Admin), None, 10).await?.len(), 1)?;
        for former in fixture.list(Some(Role::User), None, 10).await? {
            came_to("one who was an admin", fixture.delete(former.id, former.version).await, "Ok")?;
        }
    }
    Ok(())
}
