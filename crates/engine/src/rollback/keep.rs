//! Protected objects, which stay as they are now.

use infra_model::address::Address;
use infra_model::component::Lifecycle;
use infra_model::record::Record;
use infra_model::resource::Desired;
use infra_plan::error::{PlanError, ProtectedObject};

use crate::error::EngineError;
use crate::rollback::way::Way;

impl Way<'_> {
    /// Wants protected objects as they are now.
    ///
    /// # Errors
    ///
    /// When they are wanted so already and are in the way all the same.
    pub(super) fn keep(&mut self, objects: Vec<ProtectedObject>) -> Result<(), EngineError> {
        let mut news = false;
        for object in &objects {
            news |= self.keep_one(&object.address);
        }
        if !news {
            return Err(EngineError::Plan(Box::new(PlanError::Protected { objects })));
        }
        self.kept.extend(objects);
        Ok(())
    }

    pub(super) fn is_kept(&self, address: &Address) -> bool {
        self.kept.iter().any(|object| object.address == *address)
    }

    /// Wants an object as it is now, with what it needs and the way back would delete; tells whether that was new.
    fn keep_one(&mut self, address: &Address) -> bool {
        let mut open = vec![address.clone()];
        let mut news = false;
        while let Some(next) = open.pop() {
            let is_asked = next == *address;
            let Some(record) = self.times.now_of(&next).cloned() else {
                continue;
            };
            if !is_asked && self.graph.resources.contains_key(&next) {
                continue;
            }
            let kept = as_it_is(&next, &record);
            news |= self.graph.resources.get(&next) != Some(&kept);
            self.graph.resources.insert(next, kept);
            open.extend(record.dependencies.iter().cloned());
        }
        news
    }
}

fn as_it_is(address: &Address, record: &Record) -> Desired {
    Desired {
        address: address.clone(),
        inputs: record.inputs.clone(),
        after: record.dependencies.clone(),
        target: record.target.clone(),
        lifecycle: Lifecycle {
            protect: record.protect,
            create_before_destroy: Some(record.create_before_destroy),
            ..Lifecycle::default()
        },
    }
}
