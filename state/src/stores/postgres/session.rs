//! The one who speaks with the server: transactions, tried again on a new connection where the old one broke.

use std::time::Duration;

use infra_model::journal::HistoryEntry;
use infra_model::record::Serial;
use tokio::time::Instant;

use crate::contract::State;
use crate::stores::postgres::LeaseClock;
use crate::stores::postgres::connection::{Connection, Purpose, connect};
use crate::stores::postgres::doubt::{Doubt, Verdict};
use crate::stores::postgres::failure::{Cause, Failure};
use crate::stores::postgres::layout::WriteName;
use crate::stores::postgres::locking::{Place, evict, find, find_or_make, lock};
use crate::stores::postgres::migrations::{self, Found};
use crate::stores::postgres::reading;
use crate::stores::postgres::staging::{Needs, Staging};
use crate::stores::postgres::waiting::Waiting;
use crate::stores::postgres::writing::write;

/// For how long a server that went away is waited for. A restart takes seconds; a lease of half a minute, renewed
/// every ten seconds, outlives it.
const PATIENCE: Duration = Duration::from_secs(20);

/// The pause before the first further try; it doubles from try to try, up to a second.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// How many further tries there are however late it is.
const TRIES_MIN: u32 = 2;

/// Speaks with the server for one store.
#[derive(Debug)]
pub(super) struct Session {
    place: Place,
    clock: LeaseClock,
    connection: Option<Connection>,
    /// Whether our tables were found on this connection.
    has_tables: bool,
}

impl Session {
    /// Connects and looks what is there. The server is not waited for: whoever mistyped its name wants to know.
    pub(super) async fn open(place: Place, clock: LeaseClock) -> Result<Self, Failure> {
        let mut session = Session {
            place,
            clock,
            connection: None,
            has_tables: false,
        };
        session.look().await?;
        Ok(session)
    }

    /// Reads the state.
    pub(super) async fn load(&mut self) -> Result<Option<State>, Failure> {
        let mut tries = Tries::new();
        loop {
            match self
                .read(async |connection, place, state| reading::load(connection, place, state).await)
                .await
            {
                Err(failure) => self.again(&mut tries, failure).await?,
                Ok(read) => return Ok(read.flatten()),
            }
        }
    }

    /// Reads the history from a serial on.
    pub(super) async fn history(&mut self, from: Serial) -> Result<Vec<HistoryEntry>, Failure> {
        let mut tries = Tries::new();
        loop {
            let read = async |connection: &Connection, place: &Place, state| {
                reading::history(connection, place, state, from).await
            };
            match self.read(read).await {
                Err(failure) => self.again(&mut tries, failure).await?,
                Ok(read) => return Ok(read.unwrap_or_default()),
            }
        }
    }

    /// Carries writes out in one transaction: all that are not refused, or none. A refusal is the answer of the one
    /// that is refused, and not a failure.
    pub(super) async fn write(&mut self, writes: &mut [Box<dyn Waiting>]) -> Result<(), Failure> {
        let mut needs = Needs::default();
        writes.iter().for_each(|write| write.needs(&mut needs));
        let mut tries = Tries::new();
        let mut doubt = None;
        loop {
            match self.try_to_write(writes, &needs, &mut doubt).await {
                Ok(()) => return Ok(()),
                Err(failure) => {
                    let waited = self.again(&mut tries, failure).await;
                    waited.map_err(|failure| match doubt {
                        Some(_) => failure.in_doubt(),
                        None => failure,
                    })?;
                }
            }
        }
    }

    async fn try_to_write(
        &mut self,
        writes: &mut [Box<dyn Waiting>],
        needs: &Needs,
        doubt: &mut Option<Doubt>,
    ) -> Result<(), Failure> {
        self.make_tables().await?;
        let (place, clock) = (self.place.clone(), self.clock);
        let connection = self.connected().await?;
        connection.begin(Purpose::Write).await?;
        let state = find_or_make(connection, &place).await?;
        let view = lock(connection, &place, state, needs).await?;
        if let Some(doubtful) = doubt {
            match doubtful.judge(connection, &view).await? {
                Verdict::Committed => return connection.roll_back().await,
                Verdict::StageAgain => *doubt = None,
                Verdict::Unknown => {
                    let why = Cause::new(format!("`{}`: others have written since", place.address.name));
                    return Err(Failure::Lasting {
                        attempt: "written",
                        cause: why,
                    });
                }
            }
        }
        let (before, epoch) = (view.row.written_as, view.row.head.epoch);
        let mut staging = Staging::new(view, clock);
        writes.iter_mut().for_each(|write| write.stage(&mut staging));
        if !staging.changed {
            return connection.roll_back().await;
        }
        staging.row.written_as = new_name(&place)?;
        write(connection, &staging).await?;
        *doubt = Some(Doubt::about(&staging, before, epoch));
        connection.commit().await?;
        *doubt = None;
        Ok(())
    }

    /// Reads in one consistent view; nothing where there is no state.
    async fn read<T>(
        &mut self,
        read: impl AsyncFnOnce(&Connection, &Place, i64) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        if !self.has_tables && self.look().await? == Found::Nothing {
            return Ok(None);
        }
        let place = self.place.clone();
        let connection = self.connected().await?;
        connection.begin(Purpose::Read).await?;
        migrations::still_current(connection).await?;
        let result = match find(connection, &place).await? {
            Some(state) => Some(read(connection, &place, state).await?),
            None => None,
        };
        connection.roll_back().await?;
        Ok(result)
    }

    async fn connected(&mut self) -> Result<&mut Connection, Failure> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                self.has_tables = false;
                connect(&self.place.address).await?
            }
        };
        Ok(self.connection.insert(connection))
    }

    /// Looks whether our tables are there. Those of an older engine are brought up to date, because this one cannot
    /// read them; where there are none, none are made: looking leaves no trace.
    async fn look(&mut self) -> Result<Found, Failure> {
        let address = self.place.address.clone();
        let connection = self.connected().await?;
        connection.begin(Purpose::Read).await?;
        let mut found = migrations::look(connection, &address).await?;
        connection.roll_back().await?;
        if found == Found::Older {
            migrations::migrate(connection, &address).await?;
            found = Found::Current;
        }
        self.has_tables = found == Found::Current;
        Ok(found)
    }

    async fn make_tables(&mut self) -> Result<(), Failure> {
        if !self.has_tables {
            let address = self.place.address.clone();
            migrations::migrate(self.connected().await?, &address).await?;
            self.has_tables = true;
        }
        Ok(())
    }

    /// Ends transactions that stand still and block us.
    async fn evict(&mut self) -> Result<(), Failure> {
        let connection = self.connected().await?;
        connection.begin(Purpose::Write).await?;
        evict(connection).await?;
        connection.roll_back().await
    }

    /// Waits before another try on a new connection, or returns the failure if there shall be none.
    async fn again(&mut self, tries: &mut Tries, failure: Failure) -> Result<(), Failure> {
        // Whatever went wrong, the transaction was left in the middle: the server rolls it back when it hears no more.
        self.connection = None;
        match failure {
            Failure::Passing { .. } if tries.pause().await => Ok(()),
            Failure::Blocked { .. } if tries.pause().await => self.evict().await,
            failure => Err(failure),
        }
    }
}

/// Counts further tries and their time.
struct Tries {
    until: Instant,
    pause: Duration,
    count: u32,
}

impl Tries {
    fn new() -> Self {
        Tries {
            until: Instant::now() + PATIENCE,
            pause: PAUSE,
            count: 0,
        }
    }

    /// Waits a little; says no when the patience is over. A process that was stopped for a while wakes up with broken
    /// connections and no time left, so the first tries do not ask for the time.
    async fn pause(&mut self) -> bool {
        if self.count >= TRIES_MIN && Instant::now() + self.pause > self.until {
            return false;
        }
        self.count += 1;
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        true
    }
}

fn new_name(place: &Place) -> Result<WriteName, Failure> {
    let mut name = WriteName::default();
    let filled = getrandom::fill(&mut name);
    filled.map_err(|error| Failure::lasting("written", &place.address, error))?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_process_that_was_stopped_tries_again_whatever_the_clock_says() {
        let mut tries = Tries::new();
        tokio::time::advance(PATIENCE * 10).await;
        let mut count = 0;
        while tries.pause().await {
            count += 1;
        }
        assert_eq!(count, TRIES_MIN);
    }

    #[tokio::test(start_paused = true)]
    async fn tries_end_with_the_patience() {
        let (mut tries, began) = (Tries::new(), Instant::now());
        while tries.pause().await {}
        let took = began.elapsed();
        assert!(took > PATIENCE - 2 * PAUSE_MAX && took <= PATIENCE, "{took:?}");
    }
}
