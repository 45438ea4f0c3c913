//! What the state needs, where it is kept in a bucket of S3.

use infra_model::store::StoreChoice;
use infra_provider::permissions::{PermissionsRequest, Purpose};

use super::Statement;

/// Returns what reading the state takes, and writing it.
pub(super) fn statements(request: &PermissionsRequest<'_>, partition: &str) -> Vec<Statement> {
    let StoreChoice::Object(choice) = &request.stack.store.choice else {
        return Vec::new();
    };
    let Some(place) = choice.url.strip_prefix("s3://") else {
        return Vec::new();
    };
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let prefix = prefix.trim_end_matches('/');
    let below = if prefix.is_empty() {
        "*".to_owned()
    } else {
        format!("{prefix}/*")
    };
    let objects: &[&str] = match request.purpose {
        Purpose::Plan => &["s3:GetObject"],
        Purpose::Apply => &["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
    };
    let statement = |name: &str, actions: &[&str], arn: String| Statement {
        name: name.to_owned(),
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources: vec![arn],
        condition: None,
    };
    vec![
        statement("State", objects, format!("arn:{partition}:s3:::{bucket}/{below}")),
        statement(
            "StateList",
            &["s3:ListBucket"],
            format!("arn:{partition}:s3:::{bucket}"),
        ),
    ]
}
