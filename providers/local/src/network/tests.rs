//! Real namespaces, links and rules. As root every test runs twice: with namespaces of the host, and inside a
//! holder as an ordinary user would.

mod bench;
mod isolation;
mod recovery;
pub(super) mod world;
