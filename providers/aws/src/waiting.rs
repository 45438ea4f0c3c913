//! Waiting for what AWS accepted and has not finished: the part that polls. Nothing here repeats a call that changes something.

use std::time::Duration;

use infra_provider::error::{Effect, ErrorKind, ProviderError};
use tokio::time::Instant;

/// The first pause; each next one is half as long again.
const FIRST: Duration = Duration::from_millis(200);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(10);

/// Looks again and again until `look` gives something, for at most `patience`.
///
/// # Errors
///
/// When patience ends, or looking fails with what does not pass by itself. Whatever goes wrong, what is waited for was accepted:
/// the effect is unknown.
pub async fn until<T, L>(
    operation: &str,
    patience: Duration,
    mut look: impl FnMut() -> L,
) -> Result<T, ProviderError>
where
    L: Future<Output = Result<Option<T>, ProviderError>> + Send,
{
    let deadline = Instant::now() + patience;
    let mut pause = FIRST;
    loop {
        match look().await {
            Ok(Some(seen)) => return Ok(seen),
            Ok(None) => {}
            Err(error) if error.kind.is_retryable() => {}
            Err(error) => {
                return Err(ProviderError {
                    effect: Effect::Unknown,
                    ..error
                });
            }
        }
        if Instant::now() + pause > deadline {
            let message = format!(
                "It was accepted and is not done after {} min",
                patience.as_secs() / 60
            );
            return Err(ProviderError::unknown(ErrorKind::Unavailable, operation, message)
                .hint("The next apply looks at it again; nothing is made twice"));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST);
    }
}
