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

    fn embedded(&self, environment: &str) -> Result<Arc<dyn Store>, StoreError> {
        let path = environment_folder(&self.folder, environment).join("state");
        let request = OpenRequest {
            path,
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
}
