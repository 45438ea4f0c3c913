//! Opens the store that a stack chooses for an environment: the only place that names concrete stores.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use infra_engine::backend::{StoreFactory, StoreRequest};
use infra_engine::opened::environment_folder;
use infra_model::clock::{Clock, SystemClock};
use infra_model::sealing::Secret;
use infra_model::store::{ObjectChoice, StoreChoice};
use infra_state::contract::{Store, StoreError};
use infra_state::stores::{embedded, object, postgres};

use crate::settings::{CloudVariables, Settings};

mod options;

/// Opens stores of one stack.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    folder: PathBuf,
    cloud: CloudVariables,
    clock: Arc<dyn Clock>,
    holder: String,
}

impl Stores {
    pub(crate) fn new(folder: PathBuf, settings: &Settings, holder: String) -> Self {
        Stores {
            folder,
            cloud: settings.cloud.clone(),
            clock: Arc::new(SystemClock),
            holder,
        }
    }

    fn state_folder(&self, environment: &str) -> PathBuf {
        environment_folder(&self.folder, environment).join("state")
    }

    fn embedded(&self, environment: &str) -> Result<Arc<dyn Store>, StoreError> {
        let request = embedded::OpenRequest {
            path: self.state_folder(environment),
            holder: self.holder.clone(),
            now: self.clock.now(),
        };
        Ok(Arc::new(embedded::open(&request)?))
    }

    async fn object(
        &self,
        request: &StoreRequest<'_>,
        choice: &ObjectChoice,
    ) -> Result<Arc<dyn Store>, StoreError> {
        let request = object::OpenRequest {
            url: choice.url.clone(),
            options: options::of(choice, &self.cloud),
            path: format!("{}/{}", request.stack, request.environment),
        };
        Ok(Arc::new(object::open(&request).await?))
    }
}

async fn in_database(request: &StoreRequest<'_>, url: &Secret) -> Result<Arc<dyn Store>, StoreError> {
    let request = postgres::OpenRequest {
        url: url.clone(),
        stack: request.stack.to_owned(),
        environment: request.environment.to_owned(),
    };
    Ok(Arc::new(postgres::open(&request).await?))
}

#[async_trait]
impl StoreFactory for Stores {
    async fn open(&self, request: &StoreRequest<'_>) -> Result<Arc<dyn Store>, StoreError> {
        match request.choice {
            StoreChoice::Embedded => self.embedded(request.environment),
            StoreChoice::Object(choice) => self.object(request, choice).await,
            StoreChoice::Postgres { url } => in_database(request, url).await,
            StoreChoice::Hidden => Err(StoreError::Io {
                attempt: "opened",
                source: "Its URL is a secret that was not read".into(),
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
