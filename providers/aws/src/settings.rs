//! What an environment says about the account and region it lives in.

use std::path::{Path, PathBuf};

use infra_model::snapshot::Lineage;
use infra_model::stack::Stack;
use infra_model::value::Value;
use infra_provider::error::{ErrorKind, ProviderError};

mod check;

pub(crate) use check::mistakes;

/// Where one environment lives, and as whom its objects are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsSettings {
    /// The stack's name, for tags.
    pub stack: String,
    /// The environment's name, for tags and sessions.
    pub environment: String,
    /// The region of everything that names no other.
    pub region: String,
    /// The account; nothing is asked of any other.
    pub account: String,
    /// The profile in the user's files of AWS; without one the default chain decides.
    pub profile: Option<String>,
    /// The ARN of the role to assume.
    pub role: Option<String>,
    /// The authorities that sign certificates of databases; without a file of them those of this machine count.
    pub database_ca_file: Option<PathBuf>,
    /// The state that owns what is made.
    pub lineage: Lineage,
}

impl AwsSettings {
    /// Returns the settings of a stack's environment.
    ///
    /// # Errors
    ///
    /// When region or account are not named, or have not their form.
    pub fn of(
        stack: &str,
        environment: &infra_model::environment::Environment,
        lineage: &Lineage,
    ) -> Result<Self, ProviderError> {
        let text = |name: &str| {
            let value = environment.provider.settings.get(name).and_then(Value::as_str);
            value.map(str::to_owned)
        };
        if let Some(mistake) = mistakes(environment).into_iter().next() {
            let operation = "connect provider `aws`";
            let error = ProviderError::rejected(ErrorKind::Invalid, operation, mistake.detail);
            return Err(ProviderError {
                hint: mistake.hint,
                ..error
            });
        }
        Ok(AwsSettings {
            stack: stack.to_owned(),
            environment: environment.name.clone(),
            region: text("region").unwrap_or_default(),
            account: text("account").unwrap_or_default(),
            profile: text("profile"),
            role: text("role"),
            database_ca_file: text("database_ca_file").map(PathBuf::from),
            lineage: lineage.clone(),
        })
    }

    /// Returns them with paths that begin in the folder of the stack.
    #[must_use]
    pub fn in_folder(self, folder: &Path) -> Self {
        AwsSettings {
            database_ca_file: self.database_ca_file.map(|file| folder.join(file)),
            ..self
        }
    }
}

/// Returns a setting of the environment's block `provider "aws"`, an empty text where it has none.
pub(crate) fn of_environment<'a>(stack: &'a Stack, name: &str) -> &'a str {
    let settings = &stack.environment.provider.settings;
    settings.get(name).and_then(Value::as_str).unwrap_or_default()
}
