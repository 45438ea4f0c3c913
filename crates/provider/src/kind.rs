//! Types of resource, one implementation each, and the set of them that makes a provider.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use async_trait::async_trait;
use futures::future::join_all;
use infra_model::address::ResourceType;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::resource::Target;
use infra_model::schema::{ResourceSchema, SchemaSet};
use infra_model::snapshot::{Observation, Observed};
use infra_model::value::Attributes;

use crate::error::{ErrorKind, ProviderError};
use crate::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

/// Manages the objects of one type of resource.
///
/// Every method may be called twice with the same arguments, because the engine may die between a call and the
/// record of its answer.
///
/// A type without a recovery class does not compile, because the schema has no default for it:
///
/// ```compile_fail
/// use infra_model::schema::{ResourceSchema, TypicalDurations};
///
/// fn schema() -> ResourceSchema {
///     ResourceSchema {
///         resource_type: "example.thing.made".parse().unwrap(),
///         summary: "A thing".into(),
///         version: 1,
///         attributes: Default::default(),
///         outputs: Default::default(),
///         holds_data: false,
///         create_before_destroy: false,
///         typical: TypicalDurations { create_ms: 1, update_ms: 1, delete_ms: 1 },
///     } // error: missing field `recovery`
/// }
/// ```
#[async_trait]
pub trait ResourceKind: Send + Sync + fmt::Debug {
    /// Returns what the planner must know of the type.
    fn schema(&self) -> ResourceSchema;

    /// Says what stays when an object is deleted, for whoever reads the plan; nothing where nothing stays.
    fn leaves(&self) -> Option<&'static str> {
        None
    }

    /// Tells whether its objects bring in data that is made up, which has no place beside real data.
    fn is_made_up(&self) -> bool {
        false
    }

    /// Tells whether something runs for its objects that can be ended and started again without loss of what they hold.
    fn can_rest(&self) -> bool {
        false
    }

    /// Ends what runs for an object and keeps everything else of it. What does not run is success.
    ///
    /// # Errors
    ///
    /// When it still runs, or nobody knows.
    async fn stop(&self, _known: &Known) -> Result<(), ProviderError> {
        Ok(())
    }

    /// Starts what was ended for an object, as it was, and returns when it is usable, with its outputs if they may be others
    /// now. What runs is success.
    ///
    /// # Errors
    ///
    /// When it does not run, or nobody knows.
    async fn start(&self, _known: &Known) -> Result<Option<Attributes>, ProviderError> {
        Ok(None)
    }

    /// Looks at all these objects, in bulk where the provider has a list call.
    ///
    /// # Errors
    ///
    /// When the provider cannot be asked. An object that does not exist is an observation, not an error.
    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError>;

    /// Looks at one object that is about to be changed or deleted, or of which a lost answer must be known.
    ///
    /// Unlike [`ResourceKind::observe`] it may do what it takes to be told, such as starting a stopped server that the
    /// object lives in. Nothing means that nobody can tell.
    ///
    /// # Errors
    ///
    /// When the provider cannot be asked.
    async fn examine(&self, known: &Known) -> Result<Option<Observation>, ProviderError> {
        let mut seen = self.observe(std::slice::from_ref(known)).await?;
        Ok(seen.remove(&known.key))
    }

    /// Looks for the object that an unknown create may have made, by the type's recovery class.
    ///
    /// Whoever owns it: the caller compares the owner. More than one is possible for [`RecoveryClass::Tagged`].
    ///
    /// # Errors
    ///
    /// When the provider cannot be asked.
    ///
    /// [`RecoveryClass::Tagged`]: infra_model::schema::RecoveryClass::Tagged
    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError>;

    /// Makes an object and returns when it is usable.
    ///
    /// # Errors
    ///
    /// When it was not made ([`crate::error::Effect::None`]) or nobody knows.
    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError>;

    /// Changes an object in place and returns when it is usable again.
    ///
    /// # Errors
    ///
    /// When it was not changed, or nobody knows.
    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError>;

    /// Deletes an object and returns when it is gone. An object that is gone already is success.
    ///
    /// # Errors
    ///
    /// When it was not deleted, or nobody knows.
    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError>;

    /// Reads an object by its identity, so that it can be imported.
    ///
    /// # Errors
    ///
    /// When the provider cannot be asked.
    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError>;

    /// Reads objects of one place by their identities, in bulk where the provider has a list call. What does not exist is left out.
    ///
    /// # Errors
    ///
    /// When the provider cannot be asked.
    async fn read_all(
        &self,
        _target: &Target,
        ids: &[ObjectId],
    ) -> Result<BTreeMap<ObjectId, Observed>, ProviderError> {
        let mut seen = BTreeMap::new();
        for id in ids {
            if let Observation::Present(observed) = self.read(id).await? {
                seen.insert(id.clone(), observed);
            }
        }
        Ok(seen)
    }
}

/// The types of resource of a provider.
#[derive(Debug, Default)]
pub struct KindSet {
    kinds: BTreeMap<ResourceType, Box<dyn ResourceKind>>,
    schemas: SchemaSet,
    within: BTreeSet<String>,
}

impl KindSet {
    /// Returns the set of these kinds.
    #[must_use]
    pub fn new(kinds: Vec<Box<dyn ResourceKind>>) -> Self {
        let schemas: Vec<ResourceSchema> = kinds.iter().map(|kind| kind.schema()).collect();
        let types = schemas.iter().map(|schema| schema.resource_type.clone());
        KindSet {
            kinds: types.zip(kinds).collect(),
            schemas: SchemaSet::new(schemas),
            within: BTreeSet::new(),
        }
    }

    /// Returns the set with types whose objects are missed by nobody when they are deleted.
    #[must_use]
    pub fn unnoticed(mut self, types: &[&str]) -> Self {
        self.schemas = self.schemas.unnoticed(types);
        self
    }

    /// Returns the set with types whose objects live within others: what stays of them goes with these.
    #[must_use]
    pub fn within(mut self, types: &[&str]) -> Self {
        self.within.extend(types.iter().map(|name| (*name).to_owned()));
        self
    }

    /// Tells whether an object of a type lives within another.
    #[must_use]
    pub fn is_within(&self, resource_type: &str) -> bool {
        self.within.contains(resource_type)
    }

    /// Returns the schemas of all kinds.
    #[must_use]
    pub fn schemas(&self) -> &SchemaSet {
        &self.schemas
    }

    /// Returns the kind that manages a type.
    ///
    /// # Errors
    ///
    /// When no kind does: a newer engine may have written the record.
    pub fn get(&self, resource_type: &str) -> Result<&dyn ResourceKind, ProviderError> {
        self.kinds.get(resource_type).map(|kind| &**kind).ok_or_else(|| {
            let message = format!("This engine does not manage resources of type `{resource_type}`");
            ProviderError::rejected(ErrorKind::Invalid, "look up a type of resource", message)
        })
    }

    /// Looks at all these objects, all types side by side.
    ///
    /// # Errors
    ///
    /// The first failure in the order of types.
    pub async fn observe(
        &self,
        known: Vec<Known>,
    ) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        let mut by_type: BTreeMap<ResourceType, Vec<Known>> = BTreeMap::new();
        for one in known {
            by_type
                .entry(one.key.address.resource_type())
                .or_default()
                .push(one);
        }
        let looks = by_type.iter().map(|(resource_type, known)| async move {
            self.get(resource_type.as_str())?.observe(known).await
        });
        let mut seen = BTreeMap::new();
        for result in join_all(looks).await {
            seen.extend(result?);
        }
        Ok(seen)
    }
}
