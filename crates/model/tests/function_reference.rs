//! The reference page that is checked in says what the functions say of themselves.

use std::path::Path;

use infra_model::operation::function::reference;

#[test]
fn the_reference_page_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/functions.md");
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == reference::markdown(),
        "docs/reference/functions.md is out of date; write it again with: \
         cargo run -p infra-model --example function_reference > docs/reference/functions.md"
    );
}
