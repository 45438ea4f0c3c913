//! Prints the reference page of the functions: `docs/reference/functions.md`.

use std::io::{self, Write as _};

use infra_model::operation::function::reference;

fn main() -> io::Result<()> {
    io::stdout().write_all(reference::markdown().as_bytes())
}
