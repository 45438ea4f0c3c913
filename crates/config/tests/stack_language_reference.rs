//! The reference page that is checked in says what the tables of the language say.

use std::path::Path;

use infra_config::language::reference;

#[test]
fn the_reference_page_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/stack-language.md");
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == reference::markdown(),
        "docs/reference/stack-language.md is out of date; write it again with: \
         cargo run -p infra-config --example stack_language_reference > docs/reference/stack-language.md"
    );
}
