//! Tests of what only this store promises: one winner, whatever is lost on the way.

use std::sync::Arc;

use object_store::memory::InMemory;
use object_store::path::Path;

use super::*;
use crate::conformance::{OpenStore, SharedStore, sample};

mod careless;
mod compacting;
mod connecting;
mod crashes;
mod damage;
mod faults;
mod fencing;
mod killed;
mod racing;
mod secrets;
mod servers;
mod workload;

/// Packs of four segments and parts of a few records, so that a few changes reach every corner.
const SMALL: Shape = Shape {
    pack: 4,
    part_bytes: 4096,
};

/// A folder that goes with the test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn request(&self) -> OpenRequest {
        OpenRequest {
            url: format!("file://{}", self.0.path().display()),
            options: BTreeMap::new(),
            path: "shop/local".to_owned(),
        }
    }
}

#[async_trait]
impl OpenStore for Folder {
    async fn open(&self) -> SharedStore {
        Arc::new(open(&self.request()).await.unwrap())
    }
}

/// Objects in memory: what is left of a service when nothing goes wrong.
#[derive(Clone)]
struct Memory(Arc<dyn object_store::ObjectStore>);

impl Memory {
    fn new() -> Self {
        Memory(Arc::new(InMemory::new()))
    }

    fn bucket(&self) -> Bucket {
        let prefix = Path::from("team/shop/local");
        Bucket::new(Arc::clone(&self.0), prefix, "memory://team/shop/local".to_owned()).hasty()
    }

    fn open(&self) -> ObjectStore {
        ObjectStore::over(self.bucket(), SMALL).unwrap()
    }
}

#[async_trait]
impl OpenStore for Memory {
    async fn open(&self) -> SharedStore {
        Arc::new(Memory::open(self))
    }
}

mod in_a_folder {
    use super::*;

    crate::conformance_suite!(Folder::new());
}

mod in_small_packs {
    use super::*;

    crate::conformance_suite!(Memory::new());
}

mod on_s3 {
    use super::*;

    crate::conformance_suite!(together servers::Server::moto(module_path!()).await);
}

mod on_azure_blob {
    use super::*;

    crate::conformance_suite!(together servers::Server::azurite(module_path!()).await);
}
