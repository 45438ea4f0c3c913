//! PostgreSQL and PgBouncer as real servers: what only they can show.

#[cfg(test)]
mod harness;
mod servers;
