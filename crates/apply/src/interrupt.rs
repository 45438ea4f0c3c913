//! The user's wish to stop, as a value: heard between calls, never a dropped future.

use tokio::sync::watch;

/// Raises an interrupt.
#[derive(Debug)]
pub struct InterruptSignal(watch::Sender<bool>);

/// Hears an interrupt. Clones hear the same one.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Receiver<bool>);

/// Returns a signal and who hears it.
#[must_use]
pub fn channel() -> (InterruptSignal, Interrupt) {
    let (sender, receiver) = watch::channel(false);
    (InterruptSignal(sender), Interrupt(receiver))
}

impl InterruptSignal {
    /// Asks the run to stop: running calls finish and are recorded, no new one begins.
    pub fn raise(&self) {
        self.0.send_replace(true);
    }
}

impl Interrupt {
    /// Returns an interrupt that nobody raises.
    #[must_use]
    pub fn never() -> Self {
        channel().1
    }

    /// Tells whether it was raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is raised.
    pub async fn raised(&self) {
        // Without a signal left, nobody can raise it any more.
        if self.0.clone().wait_for(|raised| *raised).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
