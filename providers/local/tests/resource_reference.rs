//! The reference page that is checked in says what the schemas say.

use std::path::Path;

use infra_model::schema::reference;
use provider_local::provider::schemas;

#[test]
fn the_reference_page_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/local-resources.md");
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == reference::markdown("Local resources", &schemas()),
        "docs/reference/local-resources.md is out of date; write it again with: \
         cargo run -p provider-local --example resource_reference > docs/reference/local-resources.md"
    );
}
