//! Others who write the same items at the same moment, or too many at once: when to come again.

use aws_sdk_dynamodb::error::SdkError;
use std::time::Duration;
use tokio::time::sleep;
use uuid::Uuid;

/// Writes that others were in the way of pause for up to so long before they are sent again, twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(320);

/// Whether a refusal with this code came before anything was done, and will not last.
pub(crate) fn is_for_now(code: &str) -> bool {
    const CONTENTION: [&str; 3] =
        ["TransactionConflict", "TransactionConflictException", "TransactionInProgressException"];
    const THROTTLING: [&str; 5] = [
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    ];
    CONTENTION.contains(&code) || THROTTLING.contains(&code)
}

/// Sends a write again for as long as it is refused only because others write the same items at that moment, or too many
/// write at all. Whoever calls sets the time limit. The pauses are random, or those who met would meet again.
///
/// The SDK leaves this to the program, because a transaction may be cancelled for other reasons, which stay.
pub(crate) async fn until_uncontended<T, E, F>(
    send: impl Fn() -> F,
    is_contended: impl Fn(&SdkError<E>) -> bool,
) -> Result<T, SdkError<E>>
where
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let mut pauses = Pauses::default();
    loop {
        match send().await {
            Err(error) if is_contended(&error) => pauses.next().await,
            outcome => return outcome,
        }
    }
}

/// Pauses of random length, up to twice as long each time.
pub(crate) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Pauses {
    pub(crate) async fn next(&mut self) {
        sleep(self.0.mul_f64(random_fraction())).await;
        self.0 = (self.0 * 2).min(LAST_PAUSE);
    }
}

/// From 0 to 1; the last bits of a UUIDv7 are random.
fn random_fraction() -> f64 {
    let [.., last] = *Uuid::now_v7().as_bytes();
    f64::from(last) / f64::from(u8::MAX)
}
