//! Whether a failed sign-in takes as long for an address that nobody has as for a wrong password: else the time would
//! tell who has an account.
//!
//! A measurement and not a case: on a busy machine no bound would be both firm and worth anything.

use std::fmt;
use std::time::{Duration, Instant};

use crate::answer::CaseError;
use crate::world::World;

/// The times of failed sign-ins, in pairs that were taken one right after the other.
#[derive(Debug, Default)]
pub struct LoginTiming {
    known: Vec<Duration>,
    unknown: Vec<Duration>,
}

/// Tries `pairs` wrong passwords for users of their own and as many addresses of nobody, in turn.
///
/// # Errors
/// When an answer is another one than 401.
pub async fn measure(world: &World, pairs: usize) -> Result<LoginTiming, CaseError> {
    let mut timing = LoginTiming::default();
    for pair in 0..pairs {
        // A user for each: the tenth failure for one address would be the last that is looked at.
        let known = world.register().await?.text_at("/email")?;
        let unknown = world.unique_email();
        // The first of a pair may find the server's caches colder, so each kind goes first half of the time.
        if pair % 2 == 0 {
            timing.known.push(failed_login(world, &known).await?);
            timing.unknown.push(failed_login(world, &unknown).await?);
        } else {
            timing.unknown.push(failed_login(world, &unknown).await?);
            timing.known.push(failed_login(world, &known).await?);
        }
    }
    Ok(timing)
}

async fn failed_login(world: &World, email: &str) -> Result<Duration, CaseError> {
    let begun = Instant::now();
    let answer = world.login(email, "wrong password").await?;
    let time = begun.elapsed();
    answer.status(401)?.problem("invalid-credentials")?;
    Ok(time)
}

impl fmt::Display for LoginTiming {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (known, unknown) = (Spread::of(&self.known), Spread::of(&self.unknown));
        writeln!(formatter, "failed sign-ins      median      min      max  (ms, {} of each)", self.known.len())?;
        writeln!(formatter, "wrong password     {known}")?;
        writeln!(formatter, "unknown e-mail     {unknown}")?;
        write!(formatter, "ratio of the medians: {:.3}", known.median / unknown.median)
    }
}

/// Milliseconds.
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    fn of(times: &[Duration]) -> Self {
        let mut sorted: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1_000.0).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        Self { median: at(sorted.len() / 2), min: at(0), max: at(sorted.len().saturating_sub(1)) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:>8.2} {:>8.2} {:>8.2}", self.median, self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::LoginTiming;
    use std::time::Duration;

    #[test]
    fn medians_are_compared() {
        let times = |millis: [u64; 3]| millis.map(Duration::from_millis).to_vec();
        let timing = LoginTiming { known: times([30, 10, 20]), unknown: times([40, 90, 10]) };
        assert!(timing.to_string().ends_with("ratio of the medians: 0.500"), "{timing}");
    }
}
