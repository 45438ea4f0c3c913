//! Prints the reference page of the local resources: `docs/reference/local-resources.md`.

use std::io::{self, Write as _};

use infra_model::schema::reference;
use provider_local::provider::schemas;

fn main() -> io::Result<()> {
    io::stdout().write_all(reference::markdown("Local resources", &schemas()).as_bytes())
}
