//! PostgreSQL and PgBouncer as real servers: what only they can show.

#[cfg(test)]
mod environment;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod poolers;
mod seeds;
#[cfg(test)]
mod servers;
