//! Opens the embedded store of an environment, below the stack's folder.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use infra_engine::backend::StoreFactory;
use infra_engine::opened::environment_folder;
use infra_model::clock::Clock;
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
}

#[async_trait]
impl StoreFactory for Stores {
    async fn open(&self, environment: &str) -> Result<Arc<dyn Store>, StoreError> {
        let path = environment_folder(&self.folder, environment).join("state");
        let request = OpenRequest {
            path,
            holder: self.holder.clone(),
            now: self.clock.now(),
        };
        Ok(Arc::new(embedded::open(&request)?))
    }
}
