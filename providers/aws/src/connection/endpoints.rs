//! Endpoints that the user's settings name. The SDK takes an empty one for a URL and panics; every other tool of AWS takes it for
//! none.

use aws_config::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use infra_provider::error::{ErrorKind, ProviderError};

/// The variable that names an endpoint, and the setting of a profile.
const VARIABLE: &str = "AWS_ENDPOINT_URL";
const SETTING: &str = "endpoint_url";

/// A variable that nobody sets: a look for it ends at the profile.
const NO_VARIABLE: &str = "INFRA_NO_ENDPOINT_URL";

/// The services that are called, as the SDK names them.
const SERVICES: [&str; 11] = [
    "CloudWatch",
    "CloudWatch Logs",
    "EC2",
    "ElastiCache",
    "IAM",
    "KMS",
    "RDS",
    "Resource Groups Tagging API",
    "S3",
    "Secrets Manager",
    "STS",
];

/// Returns the settings of an account, in which an empty endpoint is none.
pub(super) fn without_empty(base: SdkConfig) -> SdkConfig {
    let endpoint = base.endpoint_url().filter(|endpoint| !endpoint.trim().is_empty());
    let endpoint = endpoint.map(str::to_owned);
    let mut builder = base.to_builder().service_config(Filled(base));
    builder.set_endpoint_url(endpoint);
    builder.build()
}

/// The settings of services as the SDK reads them, but for those that are empty.
#[derive(Debug)]
struct Filled(SdkConfig);

impl LoadServiceConfig for Filled {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let config = self.0.service_config()?;
        let of_profile = self::key(key.service_id(), NO_VARIABLE, key.profile());
        let filled = |value: &String| !value.trim().is_empty();
        let found = config.load_config(key)?;
        if filled(&found) {
            return Some(found);
        }
        // An empty variable of one service leaves that of all, and an empty one of all leaves the profile.
        let of_all = self.0.endpoint_url().map(str::to_owned).filter(filled);
        of_all.or_else(|| config.load_config(of_profile?).filter(filled))
    }
}

fn key<'a>(service: &'a str, variable: &'a str, setting: &'a str) -> Option<ServiceConfigKey<'a>> {
    let builder = ServiceConfigKey::builder();
    let builder = builder.service_id(service).env(variable).profile(setting);
    builder.build().ok()
}

/// Refuses endpoints that are no URLs, before anything is called there.
///
/// # Errors
///
/// The first one, with the service that it is of.
pub(super) fn check(config: &SdkConfig) -> Result<(), ProviderError> {
    let Some(settings) = config.service_config() else {
        return Ok(());
    };
    for service in SERVICES {
        let found = key(service, VARIABLE, SETTING).and_then(|key| settings.load_config(key));
        if let Some(endpoint) = found.filter(|endpoint| !is_url(endpoint)) {
            let message = format!("The endpoint `{endpoint}` of {service} is no URL");
            let hint = format!(
                "Write it like http://localhost:5000 in the variable {VARIABLE}, that of the service, or \
                 `{SETTING}` in ~/.aws/config; without one AWS itself is asked"
            );
            let error = ProviderError::rejected(ErrorKind::Invalid, "connect provider `aws`", message);
            return Err(error.hint(hint));
        }
    }
    Ok(())
}

fn is_url(text: &str) -> bool {
    let schemes = ["http://", "https://"];
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    let host = rest.and_then(|rest| rest.split(['/', '?', ':']).next());
    let is_plain = !text.contains(|one: char| one.is_whitespace() || one.is_control());
    is_plain && host.is_some_and(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Settings as variables and a profile give them.
    #[derive(Clone, Copy, Debug)]
    struct Given {
        variable: Option<&'static str>,
        profile: Option<&'static str>,
    }

    impl LoadServiceConfig for Given {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            let variable = self.variable.filter(|_| key.env() == VARIABLE);
            variable.or(self.profile).map(str::to_owned)
        }
    }

    fn found(given: Given, endpoint: Option<&str>) -> Option<String> {
        let mut builder = SdkConfig::builder().service_config(given);
        builder.set_endpoint_url(endpoint.map(str::to_owned));
        let config = without_empty(builder.build());
        assert_ne!(config.endpoint_url(), Some(""));
        let settings = config.service_config().expect("settings");
        settings.load_config(key("S3", VARIABLE, SETTING).expect("a whole key"))
    }

    #[test]
    fn an_empty_endpoint_is_none() {
        let given = |variable, profile| Given { variable, profile };
        assert_eq!(found(given(Some(""), None), Some("")), None);
        assert_eq!(found(given(Some(" "), None), None), None);
        let of_profile = Some("http://profile".to_owned());
        assert_eq!(found(given(Some(""), Some("http://profile")), None), of_profile);
        let of_all = Some("http://all".to_owned());
        assert_eq!(
            found(given(Some(""), Some("http://profile")), Some("http://all")),
            of_all
        );
        assert_eq!(
            found(given(Some("http://one"), None), None),
            Some("http://one".to_owned())
        );
        assert_eq!(found(given(None, None), None), None);
    }

    #[test]
    fn an_endpoint_that_is_no_url_is_refused() {
        let checked = |text| {
            let variable = Some(text);
            let given = Given {
                variable,
                profile: None,
            };
            check(&SdkConfig::builder().service_config(given).build())
        };
        for text in [
            "http://localhost:5000",
            "http://127.0.0.1/",
            "https://vpce-1.s3.eu-west-1.vpce.amazonaws.com/",
        ] {
            assert!(checked(text).is_ok(), "{text}");
        }
        for text in [
            "localhost",
            "localhost:5000",
            "http://",
            "http://:5000",
            "ftp://there",
            "http://a b",
        ] {
            let error = checked(text).expect_err(text);
            assert_eq!(error.kind, ErrorKind::Invalid, "{text}");
            assert!(error.message.contains(text), "{error:?}");
            assert!(error.hint.expect("a way out").contains(VARIABLE));
        }
        assert!(check(&SdkConfig::builder().build()).is_ok());
    }
}
