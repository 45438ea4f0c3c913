//! Opens the store that a stack chooses for an environment: the only place that names concrete stores.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use infra_engine::backend::{StoreFactory, StoreRequest};
use infra_engine::opened::environment_folder;
use infra_model::clock::Clock;
use infra_model::store::StoreChoice;
use infra_state::contract::{Store, StoreError};
use infra_state::stores::embedded::{self, OpenRequest};

/// Opens stores of one stack.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    holder: String,
}

impl Stores {
    pub(crate) fn new(folder: PathBuf, clock: Arc<dyn Clock>, holder: String) -> Self {
        Stores {
            folder,
            clock,
            holder,
        }
    }

    fn state_folder(&self, environment: &str) -> PathBuf {
        environment_folder(&self.folder, environment).join("state")
    }

    fn embedded(&self, environment: &str) -> Result<Arc<dyn Store>, StoreError> {
        let request = OpenRequest {
            path: self.state_folder(environment),
            holder: self.holder.clone(),
            now: self.clock.now(),
        };
        Ok(Arc::new(embedded::open(&request)?))
    }
}

#[async_trait]
impl StoreFactory for Stores {
    fn knows(&self, choice: &StoreChoice) -> bool {
        *choice == StoreChoice::Embedded
    }

    async fn open(&self, request: &StoreRequest<'_>) -> Result<Arc<dyn Store>, StoreError> {
        match request.choice {
            StoreChoice::Embedded => self.embedded(request.environment),
            other => Err(StoreError::Io {
                attempt: "opened",
                source: format!("this engine was not built with the store `{}`", other.kind()).into(),
            }),
        }
    }

    fn set_aside(&self, request: &StoreRequest<'_>) -> Result<Option<PathBuf>, StoreError> {
        let folder = self.state_folder(request.environment);
        if *request.choice != StoreChoice::Embedded || !folder.exists() {
            return Ok(None);
        }
        let mut names = (1..).map(|number: u32| folder.with_file_name(format!("state.moved-{number}")));
        let Some(aside) = names.find(|name| !name.exists()) else {
            return Ok(None);
        };
        let renamed = std::fs::rename(&folder, &aside);
        renamed.map_err(|error| StoreError::Io {
            attempt: "moved aside",
            source: Box::new(error),
        })?;
        Ok(Some(aside))
    }
}
