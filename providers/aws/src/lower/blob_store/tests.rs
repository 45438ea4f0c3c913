//! What a store becomes.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::component::{Component, ComponentSpec, Lifecycle, SegmentRef};
use infra_model::diagnostic::Span;
use infra_model::digest::Digest;
use infra_model::environment::{DataPolicy, Environment, ProviderChoice};
use infra_model::stack::Stack;
use infra_model::store::StoreDeclaration;
use infra_provider::lowering::LowerRequest;

use super::*;

fn plain() -> BlobStore {
    BlobStore {
        segment: None,
        versioning: true,
        expire_days: None,
        expire_noncurrent_days: Some(90),
    }
}

fn stack_in(account: &str, region: &str) -> Stack {
    let settings = [("region", region), ("account", account)];
    let provider = ProviderChoice {
        name: "aws".to_owned(),
        settings: settings
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .into(),
        span: Span::default(),
    };
    let environment = Environment {
        name: "staging".to_owned(),
        aliases: Vec::new(),
        wave: 0,
        data: DataPolicy::None,
        provider,
        approval: None,
        span: Span::default(),
    };
    Stack {
        name: "shop".to_owned(),
        environment,
        store: StoreDeclaration::default(),
        components: BTreeMap::new(),
        settings: BTreeMap::new(),
        moved: Vec::new(),
        config_digest: Digest::default(),
    }
}

fn lowered_in(stack: &Stack, store: &BlobStore, protect: bool, settings: &[(&str, Value)]) -> Lowered {
    let settings: Attributes = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let component = Component {
        address: "blob_store.assets".parse().unwrap(),
        spec: ComponentSpec::BlobStore(store.clone()),
        provider_settings: [("aws".to_owned(), settings)].into(),
        lifecycle: Lifecycle {
            protect,
            ..Lifecycle::default()
        },
        span: Span::default(),
    };
    let request = LowerRequest {
        component: &component,
        stack,
    };
    lower(&Scene::of(&request), store)
}

fn lowered(store: &BlobStore, settings: &[(&str, Value)]) -> Lowered {
    lowered_in(&stack_in("111122223333", "eu-west-1"), store, false, settings)
}

fn inputs<'a>(lowered: &'a Lowered, resource_type: &str) -> &'a Attributes {
    let of_type = |one: &&Desired| one.address.resource_type_str() == resource_type;
    &lowered.resources.iter().find(of_type).unwrap().inputs
}

fn summaries(lowered: &Lowered) -> Vec<&str> {
    lowered.diagnostics.iter().map(|one| &one.summary[..]).collect()
}

#[test]
fn a_store_is_a_bucket_with_its_key_and_a_user_of_its_own() {
    let lowered = lowered(&plain(), &[]);
    let types: Vec<String> = lowered
        .resources
        .iter()
        .map(|one| one.address.to_string())
        .collect();
    assert_eq!(
        types,
        [
            "blob_store.assets/aws.kms.key.main",
            "blob_store.assets/aws.kms.alias.main",
            "blob_store.assets/aws.s3.bucket.main",
            "blob_store.assets/aws.iam.user.main",
            "blob_store.assets/aws.iam.access_key.main"
        ]
    );
    let rule = Value::map([
        ("expire_markers", Value::from(true)),
        ("expire_noncurrent_days", Value::from(90_i64)),
        ("abort_uploads_days", Value::from(7_i64)),
    ]);
    let bucket = inputs(&lowered, BUCKET);
    assert_eq!(bucket["lifecycle"], Value::list([rule]));
    assert_eq!(bucket["force_destroy"], Value::from(true));
    assert_eq!(
        lowered.exports["endpoint"],
        Value::from("https://s3.eu-west-1.amazonaws.com")
    );
    assert!(lowered.exports["secret_key"].is_secret());
    assert!(lowered.diagnostics.is_empty());
}

#[test]
fn names_differ_by_account_and_region() {
    let name_in = |account, region| {
        let lowered = lowered_in(&stack_in(account, region), &plain(), false, &[]);
        inputs(&lowered, BUCKET)["name"].as_str().unwrap().to_owned()
    };
    let names = [
        name_in("111122223333", "eu-west-1"),
        name_in("444455556666", "eu-west-1"),
        name_in("111122223333", "eu-central-1"),
    ];
    assert!(
        names.iter().all(|name| name.starts_with("shop-staging-assets-")
            && name.len() == 28
            && name::fault(name).is_none()),
        "{names:?}"
    );
    assert_eq!(BTreeSet::from(names).len(), 3);
}

#[test]
fn what_is_protected_is_not_emptied() {
    let protected = lowered_in(&stack_in("1", "eu-west-1"), &plain(), true, &[]);
    assert_eq!(inputs(&protected, BUCKET)["force_destroy"], Value::from(false));
    let kept = lowered(&plain(), &[("force_destroy", Value::from(false))]);
    assert_eq!(inputs(&kept, BUCKET)["force_destroy"], Value::from(false));
    assert_eq!(summaries(&kept), ["A bucket with objects stays"]);
}

#[test]
fn whoever_takes_roles_gets_no_key() {
    let lowered = lowered(&plain(), &[("access_key", Value::from(false))]);
    assert_eq!(lowered.resources.len(), 3);
    assert_eq!(lowered.exports["access_key"], Value::Null);
    assert_eq!(lowered.exports["secret_key"], Value::Null);
}

#[test]
fn copies_take_a_role_that_reads_here_and_writes_there() {
    let there = Value::map([
        ("bucket", Value::from("arn:aws:s3:::shop-copy")),
        (
            "kms_key",
            Value::from("arn:aws:kms:eu-central-1:111122223333:key/k"),
        ),
    ]);
    let copied = lowered(&plain(), &[("replicate_to", there.clone())]);
    let rule = inputs(&copied, "aws.s3.replication");
    assert_eq!(rule["destination"], Value::from("arn:aws:s3:::shop-copy"));
    let policy = format!("{:?}", inputs(&copied, "aws.iam.role")["policy"]);
    assert!(policy.contains("arn:aws:s3:::shop-copy/*"), "{policy}");
    assert!(policy.contains("s3.eu-central-1.amazonaws.com"), "{policy}");
    let forgetful = BlobStore {
        versioning: false,
        expire_noncurrent_days: None,
        ..plain()
    };
    let refused = lowered(&forgetful, &[("replicate_to", there)]);
    assert_eq!(summaries(&refused), ["Setting not understood"]);
}

#[test]
fn settings_that_are_not_understood_are_refused() {
    let settings = [
        ("naem", Value::from("x")),
        ("name", Value::from("Shop")),
        ("force_destroy", Value::from("yes")),
        ("abort_uploads_days", Value::from(0_i64)),
        ("replicate_to", Value::map([("buckte", Value::from("x"))])),
    ];
    let lowered = lowered(&plain(), &settings);
    let mut expected = vec!["Unknown setting"];
    expected.extend(["Setting not understood"; 4]);
    assert_eq!(summaries(&lowered), expected);
    assert!(lowered.resources.is_empty());
}

#[test]
fn a_segment_is_answered_with_a_notice() {
    let segment = SegmentRef {
        network: "network.main".parse().unwrap(),
        segment: "data".to_owned(),
    };
    let store = BlobStore {
        segment: Some(segment),
        ..plain()
    };
    let lowered = lowered(&store, &[]);
    assert_eq!(summaries(&lowered), ["A bucket has no place in a segment"]);
    assert!(lowered.diagnostics.iter().all(|one| !one.is_error()));
}
