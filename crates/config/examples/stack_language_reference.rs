//! Prints the reference page of the stack language: `docs/reference/stack-language.md`.

use std::io::{self, Write as _};

use infra_config::language::reference;

fn main() -> io::Result<()> {
    io::stdout().write_all(reference::markdown().as_bytes())
}
