//! Reads a state of Terraform or OpenTofu: format version 4, as both publish it.
//!
//! What is read may hold secrets: no error repeats a value, and nothing of it is kept.

use infra_model::value::{Attributes, Number, Value};
use serde_json::{Map, Value as Json};

use crate::error::EngineError;

/// The version of the format that is read.
const VERSION: u64 = 4;

/// What an archive begins with: a saved plan is one.
const ARCHIVE: &[u8] = b"PK";

const PULL: &str = "Write the state to a file with: terraform state pull > terraform.tfstate";

/// The objects of a state.
#[derive(Debug, Default)]
pub(super) struct ForeignState {
    /// What Terraform manages, in the order of the file.
    pub(super) objects: Vec<Entry>,
    /// How many data sources were passed over.
    pub(super) data_sources: usize,
}

/// An object in a state.
pub(super) struct Entry {
    /// Its address there: `module.network.aws_subnet.app[0]`.
    pub(super) address: String,
    pub(super) resource_type: String,
    pub(super) attributes: Attributes,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.address)
    }
}

/// Reads a state.
pub(super) fn read(bytes: &[u8]) -> Result<ForeignState, EngineError> {
    let document = document(bytes)?;
    check_form(&document)?;
    let mut state = ForeignState::default();
    let resources = document.get("resources").and_then(Json::as_array);
    for resource in resources.ok_or_else(|| damaged("has no list `resources`"))? {
        if text(resource, "mode")? != "managed" {
            state.data_sources += 1;
            continue;
        }
        let instances = resource.get("instances").and_then(Json::as_array);
        for instance in instances.into_iter().flatten() {
            // One that a replacement left behind has a twin in use.
            if instance.get("deposed").is_none() {
                state.objects.push(entry(resource, instance)?);
            }
        }
    }
    Ok(state)
}

fn document(bytes: &[u8]) -> Result<Map<String, Json>, EngineError> {
    if bytes.starts_with(ARCHIVE) {
        return Err(EngineError::request(
            "The file is a saved plan of Terraform, not a state",
            PULL,
        ));
    }
    let text = bytes.trim_ascii();
    if text.is_empty() {
        return Err(EngineError::request("The file is empty", PULL));
    }
    let parsed: Result<Json, _> = serde_json::from_slice(text);
    match parsed {
        Ok(Json::Object(document)) => Ok(document),
        Ok(_) => Err(EngineError::request("The file is no state of Terraform", PULL)),
        Err(error) if error.is_eof() && text.starts_with(b"{") => {
            let message = format!("The file is cut short: it ends in line {}", error.line());
            Err(EngineError::request(message, PULL))
        }
        Err(error) => {
            let message = format!(
                "The file is no state of Terraform: it is no JSON from line {}, column {} on",
                error.line(),
                error.column()
            );
            Err(EngineError::request(message, PULL))
        }
    }
}

/// Checks that a document is a state, of the version that is read, and says what else it is.
fn check_form(document: &Map<String, Json>) -> Result<(), EngineError> {
    let has = |name: &str| document.contains_key(name);
    let refused = |message: &str, hint: &str| Err(EngineError::request(message, hint));
    if has("encrypted_data") || has("encryption_version") {
        let hint =
            "Write it in clear with: tofu state pull > terraform.tfstate, and delete that file afterwards";
        return refused("The file is an encrypted state of OpenTofu", hint);
    }
    if has("planned_values") || has("resource_changes") {
        return refused("The file is a plan of Terraform as JSON, not a state", PULL);
    }
    if has("format_version") && has("values") {
        return refused(
            "The file is what `terraform show -json` writes, not a state",
            PULL,
        );
    }
    if has("backend") {
        return refused(
            "The file says where the state is kept, and is not the state",
            PULL,
        );
    }
    match document.get("version").and_then(Json::as_u64) {
        Some(VERSION) => Ok(()),
        Some(version) if version < VERSION => {
            let message = format!(
                "The state has format version {version}, of Terraform before 0.12; {VERSION} is read"
            );
            refused(
                &message,
                "Let a newer Terraform write it: terraform apply -refresh-only",
            )
        }
        Some(version) => {
            let message = format!("The state has format version {version}; this engine reads {VERSION}");
            refused(
                &message,
                "A newer engine may read it; or import objects one by one: infra import ENVIRONMENT ADDRESS ID",
            )
        }
        None => refused("The file is no state of Terraform: it has no `version`", PULL),
    }
}

fn entry(resource: &Json, instance: &Json) -> Result<Entry, EngineError> {
    let (resource_type, name) = (text(resource, "type")?, text(resource, "name")?);
    let module = resource.get("module").and_then(Json::as_str);
    let module = module.map(|module| format!("{module}.")).unwrap_or_default();
    let index = match instance.get("index_key") {
        None | Some(Json::Null) => String::new(),
        Some(key) => format!("[{key}]"),
    };
    let attributes = instance.get("attributes").and_then(Json::as_object);
    Ok(Entry {
        address: format!("{module}{resource_type}.{name}{index}"),
        resource_type: resource_type.to_owned(),
        attributes: attributes
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value_of(value)))
            .collect(),
    })
}

fn text<'a>(resource: &'a Json, name: &str) -> Result<&'a str, EngineError> {
    let found = resource.get(name).and_then(Json::as_str);
    found.ok_or_else(|| damaged(&format!("has a resource without `{name}`")))
}

fn damaged(how: &str) -> EngineError {
    EngineError::request(format!("The state is damaged: it {how}"), PULL)
}

fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => {
            let number = match number.as_i64() {
                Some(number) => Some(Number::Int(number)),
                None => number.as_f64().and_then(Number::from_f64),
            };
            number.map_or(Value::Null, Value::Number)
        }
        Json::String(text) => Value::string(text.as_str()),
        Json::Array(values) => Value::list(values.iter().map(value_of)),
        Json::Object(entries) => {
            Value::map(entries.iter().map(|(key, value)| (key.clone(), value_of(value))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        match read(text.as_bytes()).expect_err("it is refused") {
            EngineError::Request { message, .. } => message,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn objects_have_the_addresses_that_terraform_shows() {
        let state = read(
            br#"{"version": 4, "terraform_version": "1.11.4", "serial": 3, "lineage": "l", "outputs": {}, "resources": [
                {"mode": "data", "type": "aws_region", "name": "here", "provider": "p", "instances": [{"attributes": {}}]},
                {"mode": "managed", "type": "aws_vpc", "name": "main", "provider": "p",
                 "instances": [{"schema_version": 1, "attributes": {"id": "vpc-1", "ratio": 1.5, "tags": {"a": "b"}}}]},
                {"mode": "managed", "module": "module.net[\"eu\"]", "type": "aws_subnet", "name": "app", "provider": "p",
                 "instances": [{"index_key": 0, "attributes": {}}, {"index_key": 0, "deposed": "0a1b", "attributes": {}}]},
                {"mode": "managed", "type": "aws_subnet", "name": "data", "provider": "p",
                 "instances": [{"index_key": "b", "attributes": {}}]}
            ]}"#,
        )
        .expect("a state");
        let addresses: Vec<&str> = state.objects.iter().map(|entry| entry.address.as_str()).collect();
        assert_eq!(
            addresses,
            [
                "aws_vpc.main",
                "module.net[\"eu\"].aws_subnet.app[0]",
                "aws_subnet.data[\"b\"]"
            ]
        );
        assert_eq!(state.data_sources, 1);
        assert_eq!(state.objects[0].attributes["id"], "vpc-1".into());
    }

    #[test]
    fn what_is_no_state_is_told_apart() {
        insta::assert_snapshot!(
            [
                "",
                "PK\u{3}\u{4}zip",
                "[]",
                "hello",
                "{\"version\": 4,\n \"resources\": [{\"mode\": \"mana",
                "{\"serial\": 1}",
                "{\"version\": 3, \"modules\": []}",
                "{\"version\": 5, \"resources\": []}",
                "{\"version\": 4}",
                "{\"version\": 4, \"resources\": [{\"mode\": \"managed\", \"name\": \"x\", \"instances\": [{}]}]}",
                "{\"format_version\": \"1.2\", \"planned_values\": {}}",
                "{\"format_version\": \"1.0\", \"values\": {}}",
                "{\"version\": 3, \"backend\": {\"type\": \"s3\"}}",
                "{\"serial\": 1, \"encrypted_data\": \"x\", \"encryption_version\": \"v0\"}",
            ]
            .map(refused)
            .join("\n"),
            @"
            The file is empty
            The file is a saved plan of Terraform, not a state
            The file is no state of Terraform
            The file is no state of Terraform: it is no JSON from line 1, column 1 on
            The file is cut short: it ends in line 2
            The file is no state of Terraform: it has no `version`
            The state has format version 3, of Terraform before 0.12; 4 is read
            The state has format version 5; this engine reads 4
            The state is damaged: it has no list `resources`
            The state is damaged: it has a resource without `type`
            The file is a plan of Terraform as JSON, not a state
            The file is what `terraform show -json` writes, not a state
            The file says where the state is kept, and is not the state
            The file is an encrypted state of OpenTofu
            "
        );
    }
}
