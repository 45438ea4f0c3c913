//! What became of a transaction whose commit was not answered.
//!
//! The connection broke after `commit` was sent: the server may have carried it out, or not. Nothing is assumed. On a
//! new connection the lease's row is locked again, which waits until the old transaction has ended either way, and what
//! stands behind the lock tells. Only when it certainly was not carried out may the changes be staged again.

use infra_model::digest::Digest;
use infra_model::journal::{Epoch, IntentId};
use infra_model::record::Serial;
use tokio_postgres::types::Type;

use crate::stores::postgres::connection::Connection;
use crate::stores::postgres::failure::Failure;
use crate::stores::postgres::layout::WriteName;
use crate::stores::postgres::staging::{Staging, View};

/// A transaction of which nobody knows whether it was committed.
#[derive(Debug)]
pub(super) struct Doubt {
    /// The name of the write before.
    before: WriteName,
    /// The name of this one.
    ours: WriteName,
    /// The epoch in force before.
    epoch: Epoch,
    /// One of its entries in the history, if it has any.
    entry: Option<(Serial, Digest)>,
    /// One of the intents that it opened, if it opened any.
    intent: Option<(IntentId, i64)>,
}

/// What a lock and a look told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was committed.
    Committed,
    /// It was not, or what it asked for is judged anew without harm: under a higher epoch the rules refuse what is old.
    StageAgain,
    /// Others have written since under the same epoch, and nothing tells.
    Unknown,
}

impl Doubt {
    /// Returns the doubt in which a transaction is from now until its commit is answered.
    pub(super) fn about(staging: &Staging, before: WriteName, epoch: Epoch) -> Self {
        let entry = staging.rows.history.last();
        let opened = staging.rows.intents.iter().rev();
        let intent = opened
            .filter_map(|(id, row)| row.as_ref().map(|(_, checksum)| (*id, *checksum)))
            .next();
        Doubt {
            before,
            ours: staging.row.written_as,
            epoch,
            entry: entry.map(|(serial, digest, _)| (*serial, *digest)),
            intent,
        }
    }

    /// Finds out, holding the lock.
    pub(super) async fn judge(&self, connection: &Connection, view: &View) -> Result<Verdict, Failure> {
        let newest = view.row.written_as;
        if newest == self.ours {
            return Ok(Verdict::Committed);
        }
        if newest == self.before {
            return Ok(Verdict::StageAgain);
        }
        // Others have written since. A transaction counts as a whole, so any part of it that is found proves it.
        if let Some((serial, digest)) = self.entry {
            let found = self.has_entry(connection, view.state, serial, digest).await?;
            return Ok(if found {
                Verdict::Committed
            } else {
                Verdict::StageAgain
            });
        }
        if let Some((id, checksum)) = self.intent
            && self.has_intent(connection, view.state, id, checksum).await?
        {
            return Ok(Verdict::Committed);
        }
        Ok(if view.row.head.epoch > self.epoch {
            Verdict::StageAgain
        } else {
            Verdict::Unknown
        })
    }

    /// The history only grows, so an entry that is not there was never written.
    async fn has_entry(
        &self,
        connection: &Connection,
        state: i64,
        serial: Serial,
        digest: Digest,
    ) -> Result<bool, Failure> {
        let query = "select 1 from history where state = $1 and serial = $2 and digest = $3";
        let (serial, digest) = (serial.0.cast_signed(), &digest.as_bytes()[..]);
        let parameters = [
            (&state as _, Type::INT8),
            (&serial as _, Type::INT8),
            (&digest as _, Type::BYTEA),
        ];
        Ok(connection.row(query, &parameters).await?.is_some())
    }

    async fn has_intent(
        &self,
        connection: &Connection,
        state: i64,
        id: IntentId,
        checksum: i64,
    ) -> Result<bool, Failure> {
        let query = "select 1 from intents where state = $1 and id = $2 and checksum = $3";
        let id = id.0.cast_signed();
        let parameters = [
            (&state as _, Type::INT8),
            (&id as _, Type::INT8),
            (&checksum as _, Type::INT8),
        ];
        Ok(connection.row(query, &parameters).await?.is_some())
    }
}
