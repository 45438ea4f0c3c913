//! How an object store is reached: what the stack says, and below it the variables that every tool of the cloud takes.

use std::collections::BTreeMap;

use infra_model::sealing::Secret;
use infra_model::store::ObjectChoice;
use infra_state::stores::object::connect;

use crate::settings::CloudVariables;

/// What a stack may say: the option that it becomes, variables that mean the same, and where the stack says it.
type Setting = (
    &'static str,
    &'static [&'static str],
    fn(&ObjectChoice) -> Option<&String>,
);

const SETTINGS: &[Setting] = &[
    (
        "aws_endpoint_url",
        &["aws_endpoint", "aws_endpoint_url_s3"],
        |choice| choice.endpoint.as_ref(),
    ),
    ("aws_region", &["aws_default_region"], |choice| {
        choice.region.as_ref()
    }),
    ("azure_storage_endpoint", &["azure_endpoint"], |choice| {
        choice.endpoint.as_ref()
    }),
    (
        "azure_storage_account_name",
        &["azure_storage_account"],
        |choice| choice.account.as_ref(),
    ),
];

/// Returns the options of a store. The stack's word goes before the variables.
pub(super) fn of(choice: &ObjectChoice, cloud: &CloudVariables) -> BTreeMap<String, Secret> {
    let variables = cloud
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    let mut options: BTreeMap<String, Secret> = variables
        .filter(|(name, _)| connect::knows(&choice.url, name))
        .collect();
    for (option, synonyms, said) in SETTINGS {
        let Some(value) = said(choice).filter(|_| connect::knows(&choice.url, option)) else {
            continue;
        };
        options.retain(|name, _| !synonyms.contains(&name.as_str()));
        options.insert((*option).to_owned(), Secret::new(value.as_str()));
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(choice: &ObjectChoice, variables: &[(&str, &str)]) -> String {
        let cloud = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
            .collect();
        let options = of(choice, &cloud);
        let lines = options
            .iter()
            .map(|(name, value)| format!("{name}={}", value.expose()));
        lines.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_stacks_word_goes_before_the_variables() {
        let choice = ObjectChoice {
            url: "s3://team/state".to_owned(),
            region: Some("eu-west-1".to_owned()),
            endpoint: Some("http://localhost:9000".to_owned()),
            account: None,
        };
        let variables = [
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL_S3", "http://elsewhere"),
            ("AWS_PAGER", "less"),
            ("AZURE_STORAGE_KEY", "key"),
        ];
        assert_eq!(
            shown(&choice, &variables),
            "aws_access_key_id=id aws_endpoint_url=http://localhost:9000 aws_region=eu-west-1"
        );
        let silent = ObjectChoice {
            url: choice.url,
            ..ObjectChoice::default()
        };
        assert_eq!(
            shown(&silent, &variables),
            "aws_access_key_id=id aws_default_region=us-east-1 aws_endpoint_url_s3=http://elsewhere"
        );
    }

    #[test]
    fn each_service_gets_its_own_variables() {
        let choice = ObjectChoice {
            url: "az://states".to_owned(),
            region: None,
            endpoint: Some("http://127.0.0.1:10000/account".to_owned()),
            account: Some("account".to_owned()),
        };
        let variables = [
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AZURE_STORAGE_ACCOUNT", "other"),
            ("AZURE_STORAGE_KEY", "key"),
        ];
        assert_eq!(
            shown(&choice, &variables),
            "azure_storage_account_name=account azure_storage_endpoint=http://127.0.0.1:10000/account azure_storage_key=key"
        );
        let folder = ObjectChoice {
            url: "file:///srv/states".to_owned(),
            ..ObjectChoice::default()
        };
        assert_eq!(shown(&folder, &variables), "");
    }
}
