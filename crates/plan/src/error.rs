//! Why there is no plan, and what the user can do about it.

use std::collections::BTreeSet;
use std::fmt;

use infra_model::address::Address;
use infra_model::decision::Change;
use infra_model::operation::OperationError;
use infra_model::record::{RecordError, RecordKey};
use infra_model::value::Value;

/// There is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Resources need each other in a circle.
    #[error("Resources need each other in a circle: {}", circle(path))]
    Cycle {
        /// The path; the last one needs the first.
        path: Vec<Address>,
    },
    /// An address given by the user names nothing.
    #[error("`{option} {text}` names nothing in the stack or its state")]
    UnknownSelection {
        /// The option.
        option: &'static str,
        /// What was given.
        text: String,
        /// What may have been meant.
        near: Option<String>,
    },
    /// Protected objects would be deleted or replaced.
    #[error("Protected objects would be destroyed: {}", list(objects))]
    Protected {
        /// All of them.
        objects: Vec<ProtectedObject>,
    },
    /// What data cannot be read without would go, while the data stays.
    #[error("Data could not be read any more: {}", list(objects))]
    Unlocks {
        /// All of it.
        objects: Vec<UnlockingObject>,
        /// How a stack keeps it.
        keep: String,
    },
    /// Objects belong to somebody else.
    #[error("Objects belong to somebody else: {}", list(objects))]
    Foreign {
        /// All of them.
        objects: Vec<ForeignObject>,
    },
    /// Attributes that move only up would move down.
    #[error("Nobody can take these back in place: {}", list(attributes))]
    Backwards {
        /// All of them.
        attributes: Vec<BackwardsAttribute>,
    },
    /// A moved address leads to one that exists.
    #[error("`{from}` cannot move to `{to}`, which exists")]
    MovedConflict {
        /// The old address.
        from: Address,
        /// The new one.
        to: Address,
    },
    /// Moved addresses lead back to where they began.
    #[error("Moved addresses form a circle: {}", circle(path))]
    MovedCircle {
        /// The path.
        path: Vec<Address>,
    },
    /// A moved address is still declared.
    #[error("`{from}` moved to `{to}`, but the stack still declares `{from}`")]
    MovedDeclared {
        /// The old address.
        from: Address,
        /// The new one.
        to: Address,
    },
    /// A moved address would name another type of resource, or none.
    #[error("`{from}` cannot move to `{to}`, which is not a resource of the same type")]
    MovedType {
        /// The old address.
        from: Address,
        /// The new one.
        to: String,
    },
    /// A resource has nothing that can be rotated.
    #[error("`{address}` cannot be rotated")]
    NotRotatable {
        /// The resource.
        address: Address,
    },
    /// A resource to rotate does not exist yet.
    #[error("`{address}` cannot be rotated because it does not exist yet")]
    NothingToRotate {
        /// The resource.
        address: Address,
    },
    /// A type of resource is unknown.
    #[error("This engine does not know the type of `{address}`")]
    UnknownType {
        /// The resource.
        address: Address,
    },
    /// A record follows a newer schema.
    #[error("The record of `{address}` has schema version {record}, this engine knows version {known}")]
    NewerRecord {
        /// The resource.
        address: Address,
        /// The version of the record.
        record: u32,
        /// The version of the engine.
        known: u32,
    },
    /// A record cannot be read.
    #[error("The record of `{key}` cannot be read")]
    UnreadableRecord {
        /// The record.
        key: RecordKey,
        /// Why.
        source: RecordError,
    },
    /// A resource needs one that the stack does not have.
    #[error("`{address}` needs `{needs}`, which the stack does not have")]
    UnknownDependency {
        /// The resource.
        address: Address,
        /// What it needs.
        needs: String,
    },
    /// The record lacks an output that another resource refers to.
    #[error("`{needed_by}` refers to the output `{output}` of `{address}`, which is not recorded")]
    MissingOutput {
        /// The resource that has the output.
        address: Address,
        /// The output.
        output: String,
        /// The resource that refers to it.
        needed_by: Address,
    },
    /// An expression does not fit the outputs that it refers to.
    #[error("`{attribute}` of `{address}` cannot be computed")]
    Expression {
        /// The resource.
        address: Address,
        /// The attribute.
        attribute: String,
        /// Why.
        source: OperationError,
    },
    /// A secret was handed to the planner in clear.
    #[error("A secret of `{address}` was not sealed before planning")]
    SecretInClear {
        /// The resource.
        address: Address,
    },
}

/// A protected object that would be destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedObject {
    /// Its address.
    pub address: Address,
    /// How it would be destroyed.
    pub harm: Harm,
}

/// How an object would be destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Harm {
    /// By deleting it.
    Delete,
    /// By replacing it.
    Replace,
}

/// An attribute that would move down, which its provider refuses.
#[derive(Clone, Debug, PartialEq)]
pub struct BackwardsAttribute {
    /// The address of the object.
    pub address: Address,
    /// Which attribute, from what to what.
    pub change: Change,
}

/// An object that data cannot be read without, such as a key, and the object that holds the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnlockingObject {
    /// Its address.
    pub address: Address,
    /// Whose data.
    pub of: Address,
    /// How it would be destroyed; nothing where another would take its place.
    pub harm: Option<Harm>,
}

/// An object that belongs to somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignObject {
    /// The name under which this environment knows it.
    pub key: RecordKey,
    /// Whose it is, as its tag says.
    pub owner: String,
}

impl PlanError {
    /// Returns what to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            PlanError::Cycle { .. } => "Remove one of these references or `depends_on`".into(),
            PlanError::UnknownSelection { near, .. } => match near {
                Some(near) => format!("Did you mean `{near}`?"),
                None => "List what there is with: infra state list ENVIRONMENT".into(),
            },
            PlanError::Protected { .. } => {
                "To destroy them on purpose, declare them with `protect = false`, apply that change alone, and then \
                 plan again"
                    .into()
            }
            PlanError::Unlocks { keep, .. } => keep.clone(),
            PlanError::Foreign { .. } => {
                "Give the resource another name, or forget the record with: infra state rm ENVIRONMENT ADDRESS".into()
            }
            PlanError::Backwards { attributes } => backwards(attributes),
            PlanError::MovedConflict { from, to } => format!(
                "Remove the `moved` block, or forget one of the records with: infra state rm ENVIRONMENT {from} (or {to})"
            ),
            PlanError::MovedCircle { .. } => "Remove one of these `moved` blocks".into(),
            PlanError::MovedDeclared { .. } => "Remove the declaration or the `moved` block".into(),
            PlanError::MovedType { .. } => "Only the component or the name of a resource can change".into(),
            PlanError::NotRotatable { .. } => {
                "Only generated secrets can be rotated: name the resource that holds one".into()
            }
            PlanError::NothingToRotate { .. } => "Apply the stack first".into(),
            PlanError::UnknownType { .. } | PlanError::NewerRecord { .. } => {
                "The state was written by a newer engine: use that version or a later one".into()
            }
            PlanError::UnreadableRecord { .. } => {
                "The state is damaged or was written by a newer engine; nothing was changed".into()
            }
            PlanError::MissingOutput { address, .. } => format!(
                "Plan with a refresh, which reads it again. What cannot be read comes only with a new object: --replace '{address}'"
            ),
            PlanError::Expression { .. } => "Look at what the expression refers to".into(),
            PlanError::UnknownDependency { .. } | PlanError::SecretInClear { .. } => {
                "This is a defect of the engine, not of the stack: please report it".into()
            }
        })
    }
}

impl fmt::Display for ProtectedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.address, self.harm)
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Harm::Delete => "deleted",
            Harm::Replace => "replaced",
        })
    }
}

impl fmt::Display for UnlockingObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` needs `{}` (", self.of, self.address)?;
        match &self.harm {
            Some(harm) => write!(f, "{harm})"),
            None => f.write_str("another would take its place)"),
        }
    }
}

impl fmt::Display for BackwardsAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change {
            attribute,
            before,
            after,
            ..
        } = &self.change;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (before, after) = (text(before), text(after));
        write!(
            f,
            "`{attribute}` of `{}` from `{before}` to `{after}`",
            self.address
        )
    }
}

impl fmt::Display for ForeignObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.key, self.owner)
    }
}

/// Returns both ways on: what exists stays, or goes with its data.
fn backwards(attributes: &[BackwardsAttribute]) -> String {
    let addresses: BTreeSet<&Address> = attributes.iter().map(|one| &one.address).collect();
    let options: Vec<String> = addresses
        .iter()
        .map(|address| format!("--replace '{address}'"))
        .collect();
    format!(
        "Write into the stack what they are now. Only new objects, without the data of the old ones, can be what the stack wants: {}",
        options.join(" ")
    )
}

fn list<T: fmt::Display>(values: &[T]) -> String {
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

fn circle(path: &[Address]) -> String {
    let texts: Vec<String> = path
        .iter()
        .chain(path.first())
        .map(|address| format!("`{address}`"))
        .collect();
    texts.join(" → ")
}
