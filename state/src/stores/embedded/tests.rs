//! Tests of what only this store promises: files, processes, damage.

use std::sync::Arc;

use super::*;
use crate::conformance::{OpenStore, SharedStore, sample};

/// A folder that goes with the test.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn request(&self) -> OpenRequest {
        OpenRequest {
            path: self.0.path().join("local/state"),
            holder: "jo@laptop, process 1".to_owned(),
            now: sample::at(0),
        }
    }
}

#[async_trait]
impl OpenStore for Place {
    async fn open(&self) -> SharedStore {
        Arc::new(open(&self.request()).unwrap())
    }
}

crate::conformance_suite!(Place::new());
