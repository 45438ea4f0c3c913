//! What all types of resource share: observation in bulk, recovery by class, ownership by tags.
//!
//! A type implements [`Objects`]: how to list, create, update and delete its objects in one region. [`Kind`] makes the contract
//! of the engine of it.

use std::collections::BTreeMap;
use std::fmt;
use std::slice;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::try_join_all;
use infra_model::journal::Token;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::resource::Target;
use infra_model::schema::{OnChange, RecoveryClass, ResourceSchema};
use infra_model::snapshot::{Condition, Observation, Observed};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::kind::ResourceKind;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use crate::connection::clients::Clients;
use crate::connection::{Connection, REGION};
use crate::kinds::inputs::optional_text;
use crate::kinds::taken;
use crate::ownership::{self, Tags};
use crate::settings::AwsSettings;

/// Which objects a list is asked for. A list may show more: what was not asked for is left out afterwards.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which<'a> {
    /// These, by identity.
    Ids(&'a [ObjectId]),
    /// Those whose tags name this call: class C, and what of class B carries tags.
    Token(&'a Token),
    /// What a create with these inputs makes: class A by its name, class D by its content.
    Like(&'a Attributes),
}

impl<'a> Which<'a> {
    /// Returns the names of what a type lists that its name tells apart, and which stands in this attribute.
    pub(crate) fn names(self, attribute: &str) -> Vec<&'a str> {
        match self {
            Which::Ids(ids) => ids.iter().map(|id| id.0.as_str()).collect(),
            Which::Like(inputs) => optional_text(inputs, attribute).into_iter().collect(),
            Which::Token(_) => Vec::new(),
        }
    }
}

/// An object as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) id: ObjectId,
    /// Attributes as the type's inputs name them; null for what is not set.
    pub(crate) attributes: Attributes,
    pub(crate) outputs: Attributes,
    pub(crate) condition: Condition,
    /// Its tags; nothing where the type carries none.
    pub(crate) tags: Tags,
}

/// A place to act in: the clients of a region, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) clients: Arc<Clients>,
    pub(crate) settings: Arc<AwsSettings>,
}

impl Place {
    /// Returns all tags of a new object.
    pub(crate) fn tags_of_new(&self, request: &CreateRequest) -> Tags {
        ownership::tags_of_new(&self.settings, &request.tag, &request.inputs)
    }
}

/// Manages the objects of one type in one region.
#[async_trait]
pub(crate) trait Objects: Send + Sync + fmt::Debug + 'static {
    /// Returns what the planner must know of the type.
    fn schema(&self) -> ResourceSchema;

    /// Says what stays when an object is deleted.
    fn leaves(&self) -> Option<&'static str> {
        None
    }

    /// Lists objects, a page per hundred. What does not exist is left out. An object that is being deleted does not exist; one that
    /// is being made exists.
    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError>;

    /// Lists objects that the state knows. Types that need their inputs to find the way to them have their own.
    async fn look(&self, place: &Place, known: &[&Known]) -> Result<Vec<Found>, ProviderError> {
        let ids: Vec<ObjectId> = known.iter().map(|one| one.id.clone()).collect();
        self.list(place, Which::Ids(&ids)).await
    }

    /// Makes an object and returns when it is usable.
    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError>;

    /// Finishes an object whose create was interrupted after the call that makes it, or of which a later call failed: by calls that
    /// may be repeated. Where that cannot be done, the object stays half made, and the next plan replaces it; one that is made before
    /// the old one goes has a name that the old one still has, and is changed by the next plan.
    async fn complete(
        &self,
        _place: &Place,
        _inputs: &Attributes,
        _found: &Found,
    ) -> Result<(), ProviderError> {
        Ok(())
    }

    /// Changes an object in place and returns when it is usable again.
    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError>;

    /// Deletes an object and returns when it is gone. One that is gone already is success.
    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError>;

    /// Waits while an object that no list shows is being deleted, and says whether it was: until it is gone it holds what it uses,
    /// and its name. Types that are deleted at once have nothing to wait for.
    async fn outlast(&self, _place: &Place, _id: &ObjectId) -> Result<bool, ProviderError> {
        Ok(false)
    }
}

/// A type of resource for the engine.
#[derive(Debug)]
pub(crate) struct Kind<O> {
    objects: O,
    connection: Arc<Connection>,
    settings: Arc<AwsSettings>,
}

impl<O: Objects> Kind<O> {
    /// Returns the type in this account.
    pub(crate) fn boxed(objects: O, connection: &Arc<Connection>) -> Box<dyn ResourceKind> {
        Box::new(Kind {
            objects,
            connection: connection.clone(),
            settings: Arc::new(connection.settings.clone()),
        })
    }

    fn place(&self, target: &Target) -> Place {
        Place {
            clients: self.connection.at(target),
            settings: self.settings.clone(),
        }
    }

    /// Returns an object as the engine sees it that knows it by these inputs.
    fn observed(&self, found: Found, inputs: &Attributes) -> Observed {
        let owner = ownership::owner(&found.tags, &self.settings.lineage);
        let mut attributes = found.attributes;
        if !found.tags.is_empty() {
            attributes.insert("tags".to_owned(), ownership::seen(&found.tags, inputs));
        }
        Observed {
            id: found.id,
            attributes,
            outputs: found.outputs,
            condition: found.condition,
            owner,
        }
    }

    fn by_id(&self, found: Vec<Found>) -> BTreeMap<ObjectId, Observed> {
        let observed = found
            .into_iter()
            .map(|found| (found.id.clone(), self.observed(found, &Attributes::new())));
        observed.collect()
    }

    /// Tells whether an object that cannot be finished is not made anew: one that holds data, or that must be there before the old
    /// one goes. The next plan shows what it lacks.
    fn keeps(&self) -> bool {
        let schema = self.schema();
        schema.holds_data || schema.create_before_destroy
    }

    /// Finishes what an interrupted create may have left half-way, and says whether it is whole now.
    async fn completed(
        &self,
        place: &Place,
        inputs: &Attributes,
        found: &Found,
    ) -> Result<Condition, ProviderError> {
        match self.objects.complete(place, inputs, found).await {
            Ok(()) => Ok(found.condition),
            Err(error) if error.kind.is_retryable() => Err(error),
            Err(_) if self.keeps() => Ok(found.condition),
            Err(_) => Ok(Condition::HalfMade),
        }
    }
}

#[async_trait]
impl<O: Objects> ResourceKind for Kind<O> {
    fn schema(&self) -> ResourceSchema {
        schema_of(&self.objects)
    }

    fn leaves(&self) -> Option<&'static str> {
        self.objects.leaves()
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        let mut by_target: BTreeMap<&Target, Vec<&Known>> = BTreeMap::new();
        for one in known {
            by_target.entry(&one.target).or_default().push(one);
        }
        let looks = by_target.into_iter().map(async |(target, known)| {
            let seen = self.objects.look(&self.place(target), &known).await?;
            let seen: BTreeMap<ObjectId, Found> =
                seen.into_iter().map(|found| (found.id.clone(), found)).collect();
            let observation = |one: &&Known| {
                let found = seen.get(&one.id).cloned();
                let observed = found.map(|found| self.observed(found, &one.inputs));
                (one.key.clone(), observation(observed))
            };
            Ok::<Vec<_>, ProviderError>(known.iter().map(observation).collect())
        });
        Ok(try_join_all(looks).await?.into_iter().flatten().collect())
    }

    /// An object is not gone before what it uses is free: whoever deleted it died, or lost the answer, and waited for that.
    async fn examine(&self, known: &Known) -> Result<Option<Observation>, ProviderError> {
        let seen = self.observe(slice::from_ref(known)).await?.remove(&known.key);
        let is_hidden = seen == Some(Observation::Absent);
        if is_hidden
            && self
                .objects
                .outlast(&self.place(&known.target), &known.id)
                .await?
        {
            return Ok(self.observe(slice::from_ref(known)).await?.remove(&known.key));
        }
        Ok(seen)
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        let place = self.place(&request.target);
        let by_token = matches!(
            self.schema().recovery,
            RecoveryClass::Token | RecoveryClass::Tagged
        );
        let which = if by_token {
            Which::Token(&request.tag.token)
        } else {
            Which::Like(&request.inputs)
        };
        let found = self.objects.list(&place, which).await?;
        let token = Some(&request.tag.token.0);
        // What has another token was made by another call, and is not ours to finish.
        let of_this_call = |found: &Found| found.tags.get(ownership::TOKEN) == token;
        let is_meant = |found: &Found| !by_token || of_this_call(found);
        let mut found: Vec<Found> = found.into_iter().filter(is_meant).collect();
        if let [only] = &mut *found
            && of_this_call(only)
        {
            only.condition = self.completed(&place, &request.inputs, only).await?;
        }
        let observed = |found| self.observed(found, &request.inputs);
        Ok(found.into_iter().map(observed).collect())
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let place = self.place(&request.target);
        match self.objects.create(&place, request).await {
            Err(error) => Err(taken::explained(&self.objects, &place, request, error).await),
            made => made,
        }
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        self.objects.update(&self.place(&request.target), request).await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        self.objects.delete(&self.place(&request.target), request).await
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        let target = Target(BTreeMap::from([(
            REGION.to_owned(),
            self.settings.region.clone(),
        )]));
        let ids = slice::from_ref(id);
        let found = self.objects.list(&self.place(&target), Which::Ids(ids)).await?;
        Ok(observation(self.by_id(found).remove(id)))
    }

    async fn read_all(
        &self,
        target: &Target,
        ids: &[ObjectId],
    ) -> Result<BTreeMap<ObjectId, Observed>, ProviderError> {
        let found = self.objects.list(&self.place(target), Which::Ids(ids)).await?;
        let mut seen = self.by_id(found);
        seen.retain(|id, _| ids.contains(id));
        Ok(seen)
    }
}

/// What an object was given at its creation and keeps: one that was adopted is called and described otherwise than we would, and is
/// neither made anew nor changed for that.
const KEPT: [&str; 2] = ["name", "description"];

/// Returns the schema of a type, in which names that take a new object and descriptions are kept as they are.
pub(crate) fn schema_of(objects: &impl Objects) -> ResourceSchema {
    let mut schema = objects.schema();
    for name in KEPT {
        if let Some(attribute) = schema.attributes.get_mut(name) {
            attribute.carried |= name == "description" || attribute.on_change == OnChange::Replace;
        }
    }
    schema
}

fn observation(observed: Option<Observed>) -> Observation {
    observed.map_or(Observation::Absent, Observation::Present)
}

/// Returns attributes from pairs.
pub(crate) fn attributes<const N: usize>(pairs: [(&str, Value); N]) -> Attributes {
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Tells whether an update is asked to change one of these attributes.
pub(crate) fn changes(request: &UpdateRequest, names: &[&str]) -> bool {
    request
        .changed
        .iter()
        .any(|changed| names.contains(&changed.as_str()))
}
