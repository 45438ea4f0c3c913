//! Adopts what Terraform made: the objects of its state are recorded under the addresses that the stack has for them.
//!
//! The file says which objects there are. What they are is asked of the cloud, so an old file does no harm, and no secret of it is
//! copied but what the cloud tells once and never again. Nothing at the provider changes: not even tags are set.

use std::collections::BTreeSet;
use std::time::Duration;

use infra_model::address::Address;
use infra_model::journal::RecordChange;
use infra_model::record::ObjectId;
use infra_model::snapshot::Owner;

use crate::backend::Backend;
use crate::error::EngineError;
use crate::import::taken::{self, Taken};
use crate::opened::Opened;
use crate::{plan, recovery, surgery};
pub use matching::Because;
use matching::{Candidate, Matching};

mod choice;
mod content;
mod file;
mod matching;
mod objects;

/// Asks for the adoption of what a state of Terraform has.
#[derive(Clone, Copy)]
pub struct AdoptRequest<'a> {
    /// The state, as `terraform state pull` writes it.
    pub state: &'a [u8],
    /// What a person decided: `aws_db_instance.main=postgres.main/aws.rds.instance.primary`.
    pub choices: &'a [String],
    /// Whether nothing is recorded.
    pub dry_run: bool,
    /// How long to wait for somebody else's lease.
    pub wait: Duration,
}

impl std::fmt::Debug for AdoptRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdoptRequest")
            .field("choices", &self.choices)
            .finish_non_exhaustive()
    }
}

/// What came of an adoption, or would come of it.
#[derive(Clone, Debug, Default)]
pub struct Adoption {
    /// What is recorded now.
    pub adopted: Vec<Adopted>,
    /// What was recorded before, by its address there.
    pub known: Vec<(String, Address)>,
    /// What is not, and why.
    pub left_out: Vec<LeftOut>,
    /// Parts of objects that have an entry of their own, by the type of that.
    pub parts: Vec<(String, &'static str)>,
    /// What no type of ours manages, by its address there, and why.
    pub unmanaged: Vec<(String, &'static str)>,
    /// Addresses of the stack that no object was found for.
    pub absent: Vec<Address>,
    /// How many data sources were passed over.
    pub data_sources: usize,
}

/// An object that was adopted.
#[derive(Clone, Debug)]
pub struct Adopted {
    /// Its address in the other state.
    pub from: String,
    /// Its address here.
    pub address: Address,
    /// Its identity.
    pub id: ObjectId,
    /// Why it is that one.
    pub because: Because,
    /// Attributes that nobody can see: they are taken to be what the stack says.
    pub assumed: Vec<String>,
}

/// An object that was not adopted.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// Its address in the other state.
    pub from: String,
    /// Its type here.
    pub resource_type: String,
    /// Its identity.
    pub id: ObjectId,
    /// Why.
    pub reason: String,
    /// Addresses that it might be, of which a person can choose one.
    pub fits: Vec<Address>,
}

/// Adopts the objects of a state of Terraform, all in one change of the state.
///
/// # Errors
///
/// When the file is no such state, a choice names what there is not, the provider cannot be asked, or the store fails; then nothing
/// was recorded.
pub async fn adopt(
    backend: &Backend,
    opened: &mut Opened,
    request: AdoptRequest<'_>,
) -> Result<Adoption, EngineError> {
    let foreign = file::read(request.state)?;
    let choices = choice::read(request.choices, &foreign)?;
    let provider = opened.connect(backend).await?;
    let translating = provider.translating().ok_or_else(|| {
        let message = format!("Terraform has no objects of the provider `{}`", provider.name());
        EngineError::request(
            message,
            "Import objects one by one: infra import ENVIRONMENT ADDRESS ID",
        )
    })?;
    if !request.dry_run {
        recovery::resolve(backend, opened, &*provider, request.wait).await?;
    }
    let graph = plan::lower(opened, &*provider)?;
    let mut adoption = Adoption {
        data_sources: foreign.data_sources,
        ..Adoption::default()
    };
    let meant = objects::meant(&foreign.objects, (&*provider, translating), opened, &mut adoption)?;
    let candidates = objects::seen(meant, &*provider, opened, &mut adoption).await?;
    let schemas = provider.kinds().schemas();
    let mut matching = Matching::new(schemas, &graph.resources, &candidates, taken::outputs(opened)?);
    choices.apply(&mut matching, &candidates)?;
    pair_tagged(&mut matching, &candidates);
    matching.run();
    let by_content = content::found(&mut matching, &*provider, opened).await?;

    let mut taken = by_content;
    for (address, (candidate, because)) in &matching.pairs {
        let (desired, candidate) = (&graph.resources[address], &candidates[*candidate]);
        let schema = schemas.get(address.resource_type_str());
        let schema = schema.ok_or_else(|| EngineError::defect(format!("`{address}` has no type")))?;
        let object = taken::take(desired, schema, candidate.observed.clone(), &matching.outputs);
        taken.push((candidate.from.clone(), because.clone(), object));
    }
    let mut changes = Vec::new();
    for (from, because, Taken { record, assumed }) in taken {
        adoption.adopted.push(Adopted {
            from,
            address: record.key.address.clone(),
            id: record.id.clone(),
            because,
            assumed,
        });
        changes.push(RecordChange::Put(Box::new(record)));
    }
    adoption
        .adopted
        .sort_by(|left, right| left.address.cmp(&right.address));
    adoption.absent = matching.absent().cloned().collect();
    adoption
        .left_out
        .extend(matching.left().map(|one| left_out(one, &matching)));
    if !request.dry_run && !changes.is_empty() {
        surgery::commit(backend, opened, "import", changes).await?;
    }
    Ok(adoption)
}

/// Takes objects that this environment made itself and lost the record of.
fn pair_tagged(matching: &mut Matching<'_>, candidates: &[Candidate]) {
    for (at, candidate) in candidates.iter().enumerate() {
        if let Owner::Ours { address, .. } = &candidate.observed.owner
            && matching.is_wanted(address)
            && address.resource_type_str() == candidate.counterpart.resource_type.as_str()
        {
            matching.pair(address, at, Because::Tagged);
        }
    }
}

fn left_out(candidate: &Candidate, matching: &Matching<'_>) -> LeftOut {
    let (fits, others) = matching.prospects(candidate);
    let undecided = matching.undecided(&fits);
    // Where all wait for what others are, those are to be decided first.
    let fits = if undecided.is_empty() { fits } else { Vec::new() };
    let reason = match (fits.as_slice(), others.as_slice()) {
        _ if !undecided.is_empty() => format!("which it is depends on what {} are", listed(&undecided)),
        ([], []) => "the stack has no address for it".to_owned(),
        ([], others) => {
            let why = others
                .iter()
                .map(|(address, what)| format!("{what} is not that of `{address}`"));
            why.collect::<Vec<_>>().join(", ")
        }
        ([_], _) => "others fit the same address as well".to_owned(),
        _ => "it fits more than one address".to_owned(),
    };
    LeftOut {
        from: candidate.from.clone(),
        resource_type: candidate.counterpart.resource_type.as_str().to_owned(),
        id: candidate.counterpart.id.clone(),
        reason,
        fits: if fits.is_empty() && undecided.is_empty() {
            others.into_iter().map(|(address, _)| address).collect()
        } else {
            fits
        },
    }
}

fn listed(addresses: &BTreeSet<&Address>) -> String {
    let names: Vec<String> = addresses.iter().map(|address| format!("`{address}`")).collect();
    names.join(" and ")
}
