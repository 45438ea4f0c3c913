//! What a store's block `aws` may not say, and what is worth knowing before saying yes.

use infra_model::component::blob_store::BlobStore;
use infra_model::diagnostic::Diagnostic;
use infra_model::value::Value;

use super::super::encryption;
use super::super::scene::Scene;
use super::{name, replication};

/// Returns what is wrong with a store's settings.
pub(super) fn faults(scene: &Scene<'_>, store: &BlobStore) -> Vec<Diagnostic> {
    let switches = ["force_destroy", "access_key"];
    let switches = switches.into_iter().filter_map(|name| {
        let value = scene.setting(name)?;
        (value.as_bool().is_none())
            .then(|| wrong(scene, name, "It is not true or false", "Write true or false"))
    });
    let mut faults: Vec<Diagnostic> = switches.collect();
    faults.extend(encryption::faults(scene));
    faults.extend(name_fault(scene));
    faults.extend(abort_fault(scene));
    faults.extend(replication::faults(scene, store));
    faults
}

fn name_fault(scene: &Scene<'_>) -> Option<Diagnostic> {
    let value = scene.setting("name")?;
    let fault = value.as_str().map_or(Some("It is not a text"), name::fault)?;
    Some(wrong(
        scene,
        "name",
        fault,
        "Names of buckets are unique in the world: let it begin with your company's",
    ))
}

fn abort_fault(scene: &Scene<'_>) -> Option<Diagnostic> {
    let days = scene.setting("abort_uploads_days")?.as_int();
    let is_fine = days.is_some_and(|days| (1..=36_500).contains(&days));
    let hint = "Write a number from 1 to 36500";
    (!is_fine).then(|| wrong(scene, "abort_uploads_days", "It is not a number of days", hint))
}

/// Returns the error of a setting.
pub(super) fn wrong(scene: &Scene<'_>, setting: &str, what: &str, hint: &str) -> Diagnostic {
    let detail = format!("`{setting}` in `aws` of `{}`: {what}", scene.component.address);
    Diagnostic::error("Setting not understood", detail)
        .at(scene.component.span)
        .hint(hint)
}

/// Returns what is worth knowing.
pub(super) fn notices(scene: &Scene<'_>, store: &BlobStore) -> Vec<Diagnostic> {
    let address = &scene.component.address;
    let segment = store.segment.as_ref().map(|segment| {
        let detail = format!(
            "S3 stands in no network: `{address}` is reached from `{}`, and from wherever else its key or a role is used",
            segment.segment
        );
        Diagnostic::notice("A bucket has no place in a segment", detail)
            .hint("A gateway endpoint for S3 in the network keeps the traffic of the segment inside AWS")
    });
    let is_kept = scene.setting("force_destroy") == Some(&Value::from(false));
    let kept = (is_kept && !scene.component.lifecycle.protect).then(|| {
        let detail = format!("`{address}` is deleted only once somebody has emptied its bucket");
        Diagnostic::notice("A bucket with objects stays", detail)
    });
    let notices = segment.into_iter().chain(kept);
    notices.map(|notice| notice.at(scene.component.span)).collect()
}
