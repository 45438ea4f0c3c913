//! Which key a component has, and what its settings may say of it.

use infra_model::compact_map::CompactMap;
use infra_model::component::blob_store::BlobStore;
use infra_model::component::key_vault::KeyVault;
use infra_model::stack::Stack;

use super::*;
use crate::lower::testing::{component, stack};

fn vault(name: &str) -> Component {
    let secrets = CompactMap::default();
    component(name, ComponentSpec::KeyVault(KeyVault { secrets }), [])
}

/// Returns a stack of a store and these vaults.
fn stack_of(settings: &[(&str, Value)], vaults: &[&str]) -> (Stack, Component) {
    let spec = BlobStore {
        segment: None,
        versioning: false,
        expire_days: None,
        expire_noncurrent_days: None,
    };
    let mut store = component("blob_store.assets", ComponentSpec::BlobStore(spec), []);
    let settings = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    store.provider_settings = [("aws".to_owned(), settings.collect())].into();
    let others = vaults.iter().map(|name| vault(name));
    (stack(others.chain([store.clone()])), store)
}

fn key_of_store(settings: &[(&str, Value)], vaults: &[&str]) -> String {
    let (stack, store) = stack_of(settings, vaults);
    let scene = Scene {
        component: &store,
        stack: &stack,
    };
    format!("{:?}", key_for(&scene).arn)
}

fn faults_of_store(settings: &[(&str, Value)], vaults: &[&str]) -> Vec<String> {
    let (stack, store) = stack_of(settings, vaults);
    let scene = Scene {
        component: &store,
        stack: &stack,
    };
    let text = |fault: Diagnostic| format!("{fault} [{}]", fault.hint.as_deref().unwrap_or("-"));
    faults(&scene).into_iter().map(text).collect()
}

#[test]
fn a_component_keeps_the_key_that_it_began_with_whatever_vaults_come() {
    assert_eq!(key_of_store(&[], &[]), "blob_store.assets/aws.kms.key.main.arn");
    let vaults = ["key_vault.app", "key_vault.more"];
    assert_eq!(key_of_store(&[], &vaults), "key_vault.app/aws.kms.key.main.arn");
    let own = [(ENCRYPTION_KEY, Value::from("own"))];
    assert_eq!(
        key_of_store(&own, &vaults),
        "blob_store.assets/aws.kms.key.main.arn"
    );
    let second = [(ENCRYPTION_KEY, Value::from("key_vault.more"))];
    assert_eq!(
        key_of_store(&second, &vaults),
        "key_vault.more/aws.kms.key.main.arn"
    );
}

#[test]
fn a_key_that_there_is_not_is_an_error() {
    let near = [(ENCRYPTION_KEY, Value::from("key_vault.ap"))];
    let faults = faults_of_store(&near, &["key_vault.app"]);
    assert!(faults[0].contains("names no vault of the stack"), "{faults:?}");
    assert!(faults[0].contains("Did you mean `key_vault.app`?"), "{faults:?}");
    assert_eq!(
        faults_of_store(&[(ENCRYPTION_KEY, Value::from("own"))], &[]),
        [""; 0]
    );
}

#[test]
fn a_key_waits_as_long_as_the_service_lets_it_or_stays() {
    for days in [7_i64, 30, 0] {
        let faults = faults_of_store(&[(DELETION_WINDOW, Value::from(days))], &[]);
        assert_eq!(faults, [""; 0]);
    }
    for wrong in [Value::from(3_i64), Value::from(90_i64), Value::from("7")] {
        let faults = faults_of_store(&[(DELETION_WINDOW, wrong)], &[]);
        assert!(faults[0].contains("7 to 30 days"), "{faults:?}");
    }
}
