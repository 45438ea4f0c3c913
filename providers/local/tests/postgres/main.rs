//! PostgreSQL and PgBouncer as real servers: what only they can show.

#[cfg(test)]
mod harness;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod poolers;
#[cfg(test)]
mod servers;
