//! Lowers the component `blob_store`: a server with one bucket, and the two halves of the key that opens it.

use std::collections::BTreeSet;

use infra_model::component::Component;
use infra_model::component::blob_store::BlobStore;
use infra_model::component::key_vault::{Alphabet, Generate, VaultSecret};
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::resource::{Desired, Target};
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{Lowered, address, output, secret_output};

use crate::blob::kind::STORE;
use crate::lower::key_vault::secret_resource;
use crate::lower::network::segment_to_join;
use crate::lower::postgres::name;
use crate::postgres::kind::RUNNING;

/// The name of a component's only store.
const MAIN: &str = "main";
/// What the block `local` may say.
const SETTINGS: [&str; 1] = ["port"];
/// As long as those of AWS, and without a character that a URL would have to encode.
pub(crate) const ACCESS_KEY: Generate = Generate {
    length: 20,
    alphabet: Alphabet::Alphanumeric,
};
pub(crate) const SECRET_KEY: Generate = Generate {
    length: 40,
    alphabet: Alphabet::Alphanumeric,
};
/// The shortest name that S3 allows.
const BUCKET_CHARS_MIN: usize = 3;

/// Returns the resources of a store and, as its exports, how to reach it.
#[must_use]
pub fn lower(component: &Component, store: &BlobStore) -> Lowered {
    let diagnostics = faults(component);
    if !diagnostics.is_empty() {
        return Lowered {
            diagnostics,
            ..Lowered::default()
        };
    }
    let access_key = secret_resource(component, "access_key", &VaultSecret::Generated(ACCESS_KEY));
    let secret_key = secret_resource(component, "secret_key", &VaultSecret::Generated(SECRET_KEY));
    let server_name = name::of(&component.address, None);
    let bucket = bucket_of(component);
    let mut inputs = Attributes::from([
        ("name".to_owned(), Value::String(server_name)),
        ("bucket".to_owned(), Value::string(bucket.as_str())),
        ("versioning".to_owned(), Value::Bool(store.versioning)),
        (
            "access_key".to_owned(),
            secret_output(&access_key.address, "value"),
        ),
        (
            "secret_key".to_owned(),
            secret_output(&secret_key.address, "value"),
        ),
        ("status".to_owned(), Value::string(RUNNING)),
    ]);
    let optional = [
        ("expire_days", store.expire_days.map(Value::from)),
        (
            "expire_noncurrent_days",
            store.expire_noncurrent_days.map(Value::from),
        ),
        ("segment", store.segment.as_ref().map(segment_to_join)),
        ("port", setting(component, "port").cloned()),
    ];
    inputs.extend(
        optional
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?))),
    );
    let server = Desired {
        address: address(component, STORE, MAIN),
        inputs,
        after: BTreeSet::new(),
        target: Target::default(),
        lifecycle: component.lifecycle.clone(),
    };
    let exports = [
        ("name", Value::String(bucket)),
        ("endpoint", output(&server.address, "endpoint")),
        ("access_key", secret_output(&access_key.address, "value")),
        ("secret_key", secret_output(&secret_key.address, "value")),
    ];
    Lowered {
        exports: exports.map(|(name, value)| (name.to_owned(), value)).into(),
        resources: vec![access_key, secret_key, server],
        diagnostics,
    }
}

fn setting<'a>(component: &'a Component, name: &str) -> Option<&'a Value> {
    component.provider_settings.get("local")?.get(name)
}

fn faults(component: &Component) -> Vec<Diagnostic> {
    let settings = component.provider_settings.get("local").into_iter().flatten();
    let fault = |(name, value): (&String, &Value)| {
        let address = &component.address;
        if !SETTINGS.contains(&name.as_str()) {
            let detail = format!("`local` of `{address}` has no setting `{name}`");
            let hint = match near_match(name, SETTINGS) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("There are: {}", SETTINGS.join(", ")),
            };
            return Some(
                Diagnostic::error("Unknown setting", detail)
                    .at(component.span)
                    .hint(hint),
            );
        }
        let is_port = value.as_int().is_some_and(|port| (1..=65_535).contains(&port));
        let detail = format!("`{name}` of `{address}` is not the number of a port");
        let diagnostic = Diagnostic::error("Not a port", detail).at(component.span);
        (!is_port).then(|| diagnostic.hint("Write a number from 1 to 65535"))
    };
    settings.filter_map(fault).collect()
}

/// Returns the name of a store's bucket.
pub(crate) fn bucket_of(component: &Component) -> String {
    bucket_name(&name::of(&component.address, None))
}

/// Returns a name that S3 allows. Each store has a server of its own, so it need not differ from those of others.
fn bucket_name(server: &str) -> String {
    let plain: String = server
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let plain = plain.trim_matches('-');
    match plain.len() < BUCKET_CHARS_MIN {
        true => format!("blob-{plain}").trim_end_matches('-').to_owned(),
        false => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use infra_model::component::ComponentSpec;
    use infra_model::diagnostic::Span;

    use super::*;

    fn lowered(address: &str, settings: &[(&str, Value)]) -> Lowered {
        let store = BlobStore {
            segment: None,
            versioning: true,
            expire_days: Some(7),
            expire_noncurrent_days: None,
        };
        let settings: Attributes = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let component = Component {
            address: address.parse().unwrap(),
            spec: ComponentSpec::BlobStore(store.clone()),
            provider_settings: [("local".to_owned(), settings)].into(),
            lifecycle: infra_model::component::Lifecycle::default(),
            span: Span::default(),
        };
        lower(&component, &store)
    }

    #[test]
    fn a_store_is_a_server_and_the_two_halves_of_its_key() {
        let lowered = lowered("blob_store.assets", &[("port", Value::from(9100_i64))]);
        let addresses: Vec<String> = lowered
            .resources
            .iter()
            .map(|one| one.address.to_string())
            .collect();
        assert_eq!(
            addresses,
            [
                "blob_store.assets/local.vault.secret.access_key",
                "blob_store.assets/local.vault.secret.secret_key",
                "blob_store.assets/local.blob.store.main"
            ]
        );
        let inputs = &lowered.resources[2].inputs;
        assert_eq!(inputs["bucket"], Value::string("assets"));
        assert_eq!(inputs["port"], Value::from(9100_i64));
        assert_eq!(inputs["expire_days"], Value::from(7_i64));
        assert!(!inputs.contains_key("segment"));
    }

    #[test]
    fn settings_that_are_not_understood_are_refused() {
        let lowered = lowered(
            "blob_store.assets",
            &[("prot", Value::from(9100_i64)), ("port", Value::from(0_i64))],
        );
        let said: Vec<&str> = lowered
            .diagnostics
            .iter()
            .map(|one| one.summary.as_str())
            .collect();
        assert_eq!(said, ["Not a port", "Unknown setting"]);
    }

    #[test]
    fn names_of_buckets_are_such_as_s3_allows() {
        for (server, bucket) in [
            ("assets", "assets"),
            ("My_Files-", "my-files"),
            ("a", "blob-a"),
            ("__", "blob"),
        ] {
            assert_eq!(bucket_name(server), bucket);
        }
    }
}
