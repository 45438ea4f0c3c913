//! Waiting for what AWS accepted and has not finished: the part that polls. Nothing here repeats a call that changes something, unless
//! a repetition changes nothing more.

use std::time::Duration;

use infra_provider::error::{Effect, ErrorKind, ProviderError};
use tokio::time::Instant;

/// The first pause; each next one is half as long again.
const FIRST: Duration = Duration::from_millis(200);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(10);

/// Waits while something is being deleted, for at most `patience`; returns whether it was.
///
/// # Errors
///
/// As [`until`].
pub async fn outlast<L>(
    operation: &str,
    patience: Duration,
    mut is_going: impl FnMut() -> L,
) -> Result<bool, ProviderError>
where
    L: Future<Output = Result<bool, ProviderError>> + Send,
{
    if !is_going().await? {
        return Ok(false);
    }
    until(operation, patience, || {
        let look = is_going();
        async move { Ok((!look.await?).then_some(())) }
    })
    .await?;
    Ok(true)
}

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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::ready;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn what_is_being_deleted_is_waited_for_and_what_is_not_is_looked_at_once() {
        let looks = Cell::new(0);
        let look = |goes_for: u32| {
            looks.set(looks.get() + 1);
            ready(Ok(looks.get() <= goes_for))
        };
        assert_eq!(outlast("x", PATIENCE, || look(3)).await.ok(), Some(true));
        assert_eq!(looks.replace(0), 4);
        assert_eq!(outlast("x", PATIENCE, || look(0)).await.ok(), Some(false));
        assert_eq!(looks.replace(0), 1);
        let never = outlast("x", PATIENCE, || look(u32::MAX)).await;
        assert_eq!(never.map_err(|error| error.effect), Err(Effect::Unknown));
    }
}
