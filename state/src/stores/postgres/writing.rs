//! The end of every change: the staged rows as statements, a few for the whole transaction.

use std::time::{SystemTime, UNIX_EPOCH};

use infra_model::clock::Timestamp;
use tokio_postgres::types::Type;

use crate::stores::postgres::connection::Connection;
use crate::stores::postgres::failure::Failure;
use crate::stores::postgres::layout::{RecordRow, standing_text};
use crate::stores::postgres::staging::{Rows, Staging};

/// How much one statement carries: the server keeps all of it in memory.
const STATEMENT_BYTES: usize = 4 * 1024 * 1024;

/// Writes what was staged. Nothing of it counts before the transaction is committed.
pub(super) async fn write(connection: &Connection, staging: &Staging) -> Result<(), Failure> {
    if staging.rows.cleared {
        clear(connection, staging.state).await?;
    }
    put(connection, staging).await
}

async fn put(connection: &Connection, staging: &Staging) -> Result<(), Failure> {
    let state = staging.state;
    let Rows {
        cleared: _,
        records,
        intents,
        durations,
        history,
    } = &staging.rows;

    let gone: Vec<&str> = records
        .iter()
        .filter(|(_, row)| row.is_none())
        .map(|(key, _)| key.as_str())
        .collect();
    let closed: Vec<i64> = intents
        .iter()
        .filter(|(_, row)| row.is_none())
        .map(|(id, _)| id.0.cast_signed())
        .collect();
    let put = records
        .iter()
        .filter_map(|(key, row)| Some((key.as_str(), row.as_ref()?)));
    let put: Vec<(&str, &(RecordRow, i64))> = put.collect();
    let opened = intents
        .iter()
        .filter_map(|(id, row)| row.as_ref().map(|row| (id.0.cast_signed(), row)));
    let opened: Vec<(i64, &(String, i64))> = opened.collect();
    let entries = history
        .iter()
        .map(|(serial, digest, body)| (serial.0.cast_signed(), &digest.as_bytes()[..], body.as_str()));
    let entries: Vec<(i64, &[u8], &str)> = entries.collect();

    // Sent together, answered together: the statements of one change need one journey.
    let (lease, row, records, intents, durations, history) = futures::join!(
        write_lease(connection, staging),
        write_state(connection, staging),
        async {
            delete_records(connection, state, &gone).await?;
            for piece in pieces(&put, |(key, (row, _))| key.len() + row.body.len()) {
                put_records(connection, state, piece).await?;
            }
            Ok::<_, Failure>(())
        },
        async {
            delete_intents(connection, state, &closed).await?;
            for piece in pieces(&opened, |(_, (body, _))| body.len()) {
                put_intents(connection, state, piece).await?;
            }
            Ok::<_, Failure>(())
        },
        put_durations(
            connection,
            state,
            durations
                .iter()
                .map(|(name, row)| (name.as_str(), *row))
                .collect()
        ),
        async {
            for piece in pieces(&entries, |(_, _, body)| body.len()) {
                append_history(connection, state, piece).await?;
            }
            Ok::<_, Failure>(())
        },
    );
    lease
        .and(row)
        .and(records)
        .and(intents)
        .and(durations)
        .and(history)
}

/// Splits values into pieces that one statement carries.
fn pieces<T>(values: &[T], size: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    let mut rest = values;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fitting = rest.iter().take_while(|value| {
            let fits = bytes < STATEMENT_BYTES;
            bytes += size(value);
            fits
        });
        let (piece, later) = rest.split_at(fitting.count());
        rest = later;
        (!piece.is_empty()).then_some(piece)
    })
}

async fn write_lease(connection: &Connection, staging: &Staging) -> Result<(), Failure> {
    let head = &staging.row.head;
    let until = staging.lease.as_ref().map(|lease| system_time(lease.until));
    let duration = staging
        .lease
        .as_ref()
        .map_or(0, |lease| lease.duration.as_millis());
    let duration = i64::try_from(duration).unwrap_or(i64::MAX);
    let epoch = head.epoch.0.cast_signed();
    let update = "update leases set epoch = $2, holder = $3, until = $4, duration_ms = $5 where state = $1";
    let parameters = [
        (&staging.state as _, Type::INT8),
        (&epoch as _, Type::INT8),
        (&head.holder as _, Type::TEXT),
        (&until as _, Type::TIMESTAMPTZ),
        (&duration as _, Type::INT8),
    ];
    connection.execute(update, &parameters).await.map(|_| ())
}

async fn write_state(connection: &Connection, staging: &Staging) -> Result<(), Failure> {
    let row = &staging.row;
    let head = &row.head;
    let header = row.header.as_ref().map(|(text, _)| text.as_str());
    let (serial, epoch) = (head.serial.0.cast_signed(), head.epoch.0.cast_signed());
    let last_intent = head.last_intent.0.cast_signed();
    let (chain, name) = (&head.chain.as_bytes()[..], &row.written_as[..]);
    let checksum = row.checksum(staging.state);
    let standing = standing_text(&head.standing);
    let update =
        "update states set header = $2::text::json, serial = $3, epoch = $4, last_intent = $5, chain = $6,
        entries = $7, entries_sum = $8, written_as = $9, checksum = $10, standing = $11::text::json
        where id = $1";
    let parameters = [
        (&staging.state as _, Type::INT8),
        (&header as _, Type::TEXT),
        (&serial as _, Type::INT8),
        (&epoch as _, Type::INT8),
        (&last_intent as _, Type::INT8),
        (&chain as _, Type::BYTEA),
        (&row.tally.entries as _, Type::INT8),
        (&row.tally.sum as _, Type::INT8),
        (&name as _, Type::BYTEA),
        (&checksum as _, Type::INT8),
        (&standing as _, Type::TEXT),
    ];
    connection.execute(update, &parameters).await.map(|_| ())
}

async fn clear(connection: &Connection, state: i64) -> Result<(), Failure> {
    let makes_room = "set local infra.makes_room = 'yes'";
    connection.execute(makes_room, &[]).await?;
    for table in ["records", "intents", "durations", "history"] {
        let statement = format!("delete from {table} where state = $1");
        connection.execute(&statement, &[(&state, Type::INT8)]).await?;
    }
    Ok(())
}

async fn delete_records(connection: &Connection, state: i64, keys: &[&str]) -> Result<(), Failure> {
    if keys.is_empty() {
        return Ok(());
    }
    let statement = "delete from records where state = $1 and key = any($2)";
    connection
        .execute(statement, &[(&state, Type::INT8), (&keys, Type::TEXT_ARRAY)])
        .await
        .map(|_| ())
}

async fn put_records(
    connection: &Connection,
    state: i64,
    rows: &[(&str, &(RecordRow, i64))],
) -> Result<(), Failure> {
    let keys: Vec<&str> = rows.iter().map(|(key, _)| *key).collect();
    let serials: Vec<i64> = rows
        .iter()
        .map(|(_, (row, _))| row.header.serial.0.cast_signed())
        .collect();
    let digests: Vec<&[u8]> = rows
        .iter()
        .map(|(_, (row, _))| &row.header.inputs_digest.as_bytes()[..])
        .collect();
    let tainted: Vec<bool> = rows.iter().map(|(_, (row, _))| row.header.tainted).collect();
    let protect: Vec<bool> = rows.iter().map(|(_, (row, _))| row.header.protect).collect();
    let formats: Vec<i32> = rows
        .iter()
        .map(|(_, (row, _))| row.format.cast_signed())
        .collect();
    let bodies: Vec<&str> = rows.iter().map(|(_, (row, _))| row.body.as_str()).collect();
    let checksums: Vec<i64> = rows.iter().map(|(_, (_, checksum))| *checksum).collect();
    let statement = "insert into records (state, key, serial, inputs_digest, tainted, protect, format, body, checksum)
        select $1, key, serial, digest, tainted, protect, format, body::json, checksum
        from unnest($2, $3, $4, $5, $6, $7, $8, $9)
            as put (key, serial, digest, tainted, protect, format, body, checksum)
        on conflict (state, key) do update set serial = excluded.serial, inputs_digest = excluded.inputs_digest,
            tainted = excluded.tainted, protect = excluded.protect, format = excluded.format, body = excluded.body,
            checksum = excluded.checksum";
    let parameters = [
        (&state as _, Type::INT8),
        (&keys as _, Type::TEXT_ARRAY),
        (&serials as _, Type::INT8_ARRAY),
        (&digests as _, Type::BYTEA_ARRAY),
        (&tainted as _, Type::BOOL_ARRAY),
        (&protect as _, Type::BOOL_ARRAY),
        (&formats as _, Type::INT4_ARRAY),
        (&bodies as _, Type::TEXT_ARRAY),
        (&checksums as _, Type::INT8_ARRAY),
    ];
    connection.execute(statement, &parameters).await.map(|_| ())
}

async fn delete_intents(connection: &Connection, state: i64, ids: &[i64]) -> Result<(), Failure> {
    if ids.is_empty() {
        return Ok(());
    }
    let statement = "delete from intents where state = $1 and id = any($2)";
    connection
        .execute(statement, &[(&state, Type::INT8), (&ids, Type::INT8_ARRAY)])
        .await
        .map(|_| ())
}

async fn put_intents(
    connection: &Connection,
    state: i64,
    rows: &[(i64, &(String, i64))],
) -> Result<(), Failure> {
    let ids: Vec<i64> = rows.iter().map(|(id, _)| *id).collect();
    let bodies: Vec<&str> = rows.iter().map(|(_, (body, _))| body.as_str()).collect();
    let checksums: Vec<i64> = rows.iter().map(|(_, (_, checksum))| *checksum).collect();
    let statement = "insert into intents (state, id, body, checksum)
        select $1, id, body::json, checksum from unnest($2, $3, $4) as put (id, body, checksum)";
    let parameters = [
        (&state as _, Type::INT8),
        (&ids as _, Type::INT8_ARRAY),
        (&bodies as _, Type::TEXT_ARRAY),
        (&checksums as _, Type::INT8_ARRAY),
    ];
    connection.execute(statement, &parameters).await.map(|_| ())
}

async fn put_durations(
    connection: &Connection,
    state: i64,
    rows: Vec<(&str, (u64, i64))>,
) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
    let millis: Vec<i64> = rows.iter().map(|(_, (millis, _))| millis.cast_signed()).collect();
    let checksums: Vec<i64> = rows.iter().map(|(_, (_, checksum))| *checksum).collect();
    let statement = "insert into durations (state, name, millis, checksum)
        select $1, name, millis, checksum from unnest($2, $3, $4) as put (name, millis, checksum)
        on conflict (state, name) do update set millis = excluded.millis, checksum = excluded.checksum";
    let parameters = [
        (&state as _, Type::INT8),
        (&names as _, Type::TEXT_ARRAY),
        (&millis as _, Type::INT8_ARRAY),
        (&checksums as _, Type::INT8_ARRAY),
    ];
    connection.execute(statement, &parameters).await.map(|_| ())
}

async fn append_history(
    connection: &Connection,
    state: i64,
    rows: &[(i64, &[u8], &str)],
) -> Result<(), Failure> {
    let serials: Vec<i64> = rows.iter().map(|(serial, _, _)| *serial).collect();
    let digests: Vec<&[u8]> = rows.iter().map(|(_, digest, _)| *digest).collect();
    let bodies: Vec<&str> = rows.iter().map(|(_, _, body)| *body).collect();
    let statement = "insert into history (state, serial, digest, body)
        select $1, serial, digest, body::json from unnest($2, $3, $4) as put (serial, digest, body)";
    let parameters = [
        (&state as _, Type::INT8),
        (&serials as _, Type::INT8_ARRAY),
        (&digests as _, Type::BYTEA_ARRAY),
        (&bodies as _, Type::TEXT_ARRAY),
    ];
    connection.execute(statement, &parameters).await.map(|_| ())
}

fn system_time(time: Timestamp) -> SystemTime {
    UNIX_EPOCH + time.since(Timestamp::default())
}
