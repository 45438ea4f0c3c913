//! The resource kind `local.vault.secret`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::{
    AttributeSchema, OnChange, OutputSchema, RecoveryClass, ResourceSchema, TypicalDurations,
};
use infra_model::sealing::{Sealed, Sealing};
use infra_model::snapshot::{Condition, Lineage, Observation, Observed, Owner};
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::kind::ResourceKind;
use infra_provider::ownership::OwnershipTag;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};
use infra_provider::vault::generate::Recipe;

use crate::settings::LocalSettings;
use crate::vault::file::{FileError, SecretFile};

/// The type of resource.
pub const SECRET: &str = "local.vault.secret";

/// Manages secrets in encrypted files of the environment's folder.
pub struct SecretKind {
    folder: PathBuf,
    lineage: Lineage,
    sealing: Arc<dyn Sealing>,
}

impl SecretKind {
    /// Returns the kind for one environment.
    #[must_use]
    pub fn new(settings: &LocalSettings) -> Self {
        SecretKind {
            folder: settings.folder.join("vault"),
            lineage: settings.lineage.clone(),
            sealing: settings.sealing.clone(),
        }
    }

    fn look(&self, name: &str) -> Result<Option<Observed>, ProviderError> {
        Ok(SecretFile::read(&self.folder, name)
            .map_err(failed)?
            .map(|file| self.observed(&file)))
    }

    fn observed(&self, file: &SecretFile) -> Observed {
        let owner = match file.tag.parse::<OwnershipTag>() {
            Ok(tag) => tag.owner(&self.lineage),
            Err(_) => Owner::Untagged,
        };
        let mut attributes = Attributes::from([
            ("name".to_owned(), Value::string(&file.name)),
            ("rotation".to_owned(), Value::from(file.rotation)),
        ]);
        let newest = file.newest().cloned().map_or(Value::Null, Value::Sealed);
        if file.generate.is_null() {
            attributes.insert("value".to_owned(), newest);
        } else {
            attributes.insert("generate".to_owned(), file.generate.clone());
        }
        Observed {
            id: ObjectId(file.name.clone()),
            attributes,
            outputs: outputs(file),
            condition: Condition::Complete,
            owner,
        }
    }

    /// Returns the next version as the inputs ask for it: generated, or the given text.
    fn version(&self, inputs: &Attributes) -> Result<Sealed, ProviderError> {
        let secret = match (inputs.get("generate"), inputs.get("value")) {
            (Some(recipe), _) if !recipe.is_null() => Recipe::from_value(recipe)
                .and_then(|recipe| recipe.generate())
                .map_err(|error| error.rejected(OPERATION))?,
            (_, Some(Value::Secret(secret))) => secret.clone(),
            (_, Some(Value::String(text))) => infra_model::sealing::Secret::new(text.clone()),
            _ => {
                let message = "A secret is either generated or given";
                return Err(ProviderError::rejected(ErrorKind::Invalid, OPERATION, message));
            }
        };
        Ok(self.sealing.seal(&secret))
    }

    /// Returns the secret of this name if it is there and is the one that is asked for.
    fn existing(&self, name: &str, request: &CreateRequest) -> Result<Option<Applied>, ProviderError> {
        let Some(file) = SecretFile::read(&self.folder, name).map_err(failed)? else {
            return Ok(None);
        };
        match self.observed(&file).owner {
            Owner::Ours { address, .. } if address == request.tag.address => Ok(Some(Self::applied(&file))),
            _ => Err(taken(name)),
        }
    }

    fn applied(file: &SecretFile) -> Applied {
        Applied {
            id: ObjectId(file.name.clone()),
            outputs: outputs(file),
        }
    }
}

const OPERATION: &str = "write a secret of the local vault";

impl std::fmt::Debug for SecretKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretKind")
            .field("folder", &self.folder)
            .finish()
    }
}

#[async_trait]
impl ResourceKind for SecretKind {
    fn schema(&self) -> ResourceSchema {
        schema()
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        known
            .iter()
            .map(|one| Ok((one.key.clone(), observation(self.look(&one.id.0)?))))
            .collect()
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        let name = text(&request.inputs, "name")?;
        // A create that was cut short may have left a draft, which nobody else would ever remove.
        SecretFile::tidy(&self.folder, name).map_err(failed)?;
        Ok(self.look(name)?.into_iter().collect())
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let name = text(&request.inputs, "name")?;
        if let Some(found) = self.existing(name, request)? {
            return Ok(found);
        }
        let generate = request.inputs.get("generate").cloned().unwrap_or_default();
        let first = self.version(&request.inputs)?;
        let tag = request.tag.to_string();
        let file = SecretFile::new(tag, name.to_owned(), generate, rotation(&request.inputs), first);
        if file.create(&self.folder).map_err(failed)? {
            return Ok(Self::applied(&file));
        }
        // This process was stopped in the middle, and another one that took over has made it.
        self.existing(name, request)?.ok_or_else(|| taken(name))
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let found = SecretFile::read(&self.folder, &request.id.0).map_err(failed)?;
        let mut file = found.ok_or_else(|| {
            ProviderError::rejected(
                ErrorKind::NotFound,
                OPERATION,
                format!("`{}` is gone", request.id),
            )
        })?;
        let generate = request.inputs.get("generate").cloned().unwrap_or_default();
        let rotation = rotation(&request.inputs);
        // Asked twice for the same rotation, the second time changes nothing: the file says that it was done.
        let given = generate
            .is_null()
            .then(|| self.version(&request.inputs))
            .transpose()?;
        let as_wanted = match &given {
            Some(sealed) => file.newest() == Some(sealed),
            None => file.generate == generate && file.rotation == rotation,
        };
        if !as_wanted {
            file.versions
                .push(given.map_or_else(|| self.version(&request.inputs), Ok)?);
        }
        (file.generate, file.rotation) = (generate, rotation);
        file.write(&self.folder).map_err(failed)?;
        Ok(Self::applied(&file))
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        SecretFile::remove(&self.folder, &request.id.0).map_err(failed)
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        Ok(observation(self.look(&id.0)?))
    }
}

/// Returns what the planner must know of the type.
#[must_use]
pub fn schema() -> ResourceSchema {
    let attributes = [
        (
            "name",
            AttributeSchema::new("Its name in the environment", OnChange::Replace).carried(),
        ),
        (
            "generate",
            AttributeSchema::new("How it is generated: `length` and `alphabet`", OnChange::InPlace),
        ),
        (
            "value",
            AttributeSchema::new("The secret, when it is given", OnChange::InPlace),
        ),
        (
            "rotation",
            AttributeSchema::new("How often it was rotated on demand", OnChange::InPlace)
                .carried()
                .default_value(0_i64),
        ),
    ];
    let outputs = [
        (
            "value",
            OutputSchema::new("The newest version of the secret")
                .secret()
                .changes_on_update(),
        ),
        (
            "version",
            OutputSchema::new("The number of the newest version, from one").changes_on_update(),
        ),
    ];
    ResourceSchema {
        resource_type: SECRET.parse().expect("a well-formed type"),
        summary: "A secret in the environment's encrypted local vault, with all its versions".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: attributes.map(|(name, schema)| (name.to_owned(), schema)).into(),
        outputs: outputs.map(|(name, schema)| (name.to_owned(), schema)).into(),
        holds_data: true,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 5,
            update_ms: 5,
            delete_ms: 2,
        },
    }
}

fn outputs(file: &SecretFile) -> Attributes {
    let newest = file.newest().cloned().map_or(Value::Null, Value::Sealed);
    let version = Value::from(file.versions.len() as i64);
    Attributes::from([("value".to_owned(), newest), ("version".to_owned(), version)])
}

fn observation(observed: Option<Observed>) -> Observation {
    observed.map_or(Observation::Absent, Observation::Present)
}

fn rotation(inputs: &Attributes) -> i64 {
    inputs.get("rotation").and_then(Value::as_int).unwrap_or(0)
}

fn text<'a>(inputs: &'a Attributes, name: &str) -> Result<&'a str, ProviderError> {
    inputs.get(name).and_then(Value::as_str).ok_or_else(|| {
        ProviderError::rejected(
            ErrorKind::Bug,
            OPERATION,
            format!("The attribute `{name}` is not a text"),
        )
    })
}

fn taken(name: &str) -> ProviderError {
    let message = format!("The name `{name}` belongs to another resource");
    ProviderError::rejected(ErrorKind::Foreign, OPERATION, message)
}

/// Writes are atomic, so a failed one is proven to have changed nothing.
fn failed(error: FileError) -> ProviderError {
    let hint = match &error {
        FileError::Disk(error) => error.hint(),
        FileError::Damaged { path, .. } => Some(format!("Restore `{}` from a backup", path.display())),
        FileError::Newer { .. } => Some("Use the engine that wrote it, or a newer one".to_owned()),
    };
    let mut rejected = ProviderError::rejected(ErrorKind::Environment, OPERATION, error.to_string());
    rejected.hint = hint;
    rejected.caused_by(error)
}

#[cfg(test)]
mod tests {
    use infra_model::resource::Target;

    use super::*;
    use crate::postgres::kind::testing::settings;

    /// The vault of an environment in which a create was cut short: its file has the name of a draft.
    fn cut_short(root: &std::path::Path) -> (SecretKind, PathBuf, PathBuf) {
        let settings = settings(root.join("local"));
        let folder = settings.folder.join("vault");
        let sealed = Sealed::from_text("x".to_owned());
        let tag = request().tag.to_string();
        let file = SecretFile::new(tag, "app".to_owned(), Value::Null, 0, sealed);
        file.write(&folder).unwrap();
        let whole = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
        let draft = folder.join(format!(".{}.new", whole.file_name().to_string_lossy()));
        std::fs::rename(whole.path(), &draft).unwrap();
        (SecretKind::new(&settings), draft, whole.path())
    }

    fn request() -> FindRequest {
        FindRequest {
            tag: "l1 t1 key_vault.app/local.vault.secret.app".parse().unwrap(),
            target: Target::default(),
            inputs: Attributes::from([("name".to_owned(), Value::string("app"))]),
        }
    }

    #[tokio::test]
    async fn what_a_create_left_that_was_cut_short_is_removed_by_whoever_looks_for_it() {
        let root = tempfile::tempdir().unwrap();
        let (kind, draft, _) = cut_short(root.path());
        assert_eq!(kind.find(&request()).await.unwrap(), []);
        assert!(!draft.parent().unwrap().exists());
    }

    #[tokio::test]
    async fn a_create_that_was_cut_short_after_it_published_leaves_one_file() {
        let root = tempfile::tempdir().unwrap();
        let (kind, draft, file) = cut_short(root.path());
        std::fs::hard_link(&draft, &file).unwrap();
        assert_eq!(kind.find(&request()).await.unwrap().len(), 1);
        assert!(file.exists());
        assert!(!draft.exists());
    }
}
