//! `blob_store`.

use infra_model::component::blob_store::BlobStore;
use infra_model::diagnostic::Diagnostic;

use super::Node;
use crate::evaluate::World;
use crate::report::Failed;

pub(super) fn blob_store(node: &Node<'_>, world: &World<'_>) -> Result<BlobStore, Failed> {
    let store = BlobStore {
        segment: node.segment("segment")?,
        versioning: node.flag("versioning")?,
        expire_days: node.optional_whole("expire_days")?,
        expire_noncurrent_days: node.optional_whole("expire_noncurrent_days")?,
    };
    if store.expire_noncurrent_days.is_some() && !store.versioning {
        let detail = "Without versions there is nothing that `expire_noncurrent_days` could expire";
        let diagnostic =
            Diagnostic::error("Conflicting attributes", detail).at(node.span("expire_noncurrent_days"));
        return Err(world.report.fail(diagnostic.hint("Add `versioning = true`")));
    }
    Ok(store)
}
