//! Identities of what lives in a server: the instance's name, a slash, and the name of the role or database.

use std::collections::BTreeMap;

use infra_model::record::ObjectId;
use infra_model::snapshot::Owner;
use infra_model::value::Attributes;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::ownership::OwnershipTag;
use infra_provider::request::Known;
use infra_provider::sql::comment::Comment;

use super::server::Way;
use crate::kinds::inputs::{optional_text, text};
use crate::kinds::objects::Which;
use crate::ownership::{Tags, tags_saying};

/// What is looked for, by server: the names of roles or databases there.
pub(super) type Names = BTreeMap<Way, Vec<String>>;

/// Returns the identity of what lives in an instance.
pub(super) fn identity(instance: &str, name: &str) -> ObjectId {
    ObjectId(format!("{instance}/{name}"))
}

/// Returns instance and name; names of instances have no slash.
pub(super) fn parts(id: &ObjectId) -> Option<(&str, &str)> {
    id.0.split_once('/')
}

/// Returns the names that a list is asked for. Where nothing but an identity is known, RDS keeps the password of the server.
pub(super) fn asked(which: Which<'_>) -> Result<Names, ProviderError> {
    let mut names = Names::new();
    match which {
        Which::Ids(ids) => {
            for (instance, name) in ids.iter().filter_map(parts) {
                let way = Way::managed(instance);
                names.entry(way).or_default().push(name.to_owned());
            }
        }
        Which::Like(inputs) => {
            let name = text(inputs, "name")?.to_owned();
            names.insert(Way::of(inputs)?, vec![name]);
        }
        Which::Token(_) => {}
    }
    Ok(names)
}

/// Returns the names that the state knows.
pub(super) fn known(known: &[&Known]) -> Names {
    let mut names = Names::new();
    for one in known {
        if let Some((instance, name)) = parts(&one.id) {
            let secret = optional_text(&one.inputs, "master_secret").map(str::to_owned);
            let way = Way {
                secret,
                ..Way::managed(instance)
            };
            names.entry(way).or_default().push(name.to_owned());
        }
    }
    names
}

/// Returns the tags that a comment stands for; nothing for one that is not ours.
pub(super) fn tags_in(comment: Option<&str>) -> Tags {
    let comment = comment.and_then(Comment::parse);
    comment
        .map(|comment| tags_saying(&comment.tag))
        .unwrap_or_default()
}

/// Returns the comment that says whose an object is.
pub(super) fn comment(tag: &OwnershipTag) -> String {
    let comment = Comment {
        tag: tag.clone(),
        fingerprint: None,
    };
    comment.to_text()
}

/// Tells whether an object with these tags belongs to the same resource of the same state.
pub(super) fn is_of(tags: &Tags, tag: &OwnershipTag) -> bool {
    let owner = crate::ownership::owner(tags, &tag.lineage);
    matches!(owner, Owner::Ours { address, .. } if address == tag.address)
}

/// Returns the error of a name that somebody else has.
pub(super) fn taken(operation: &str, what: &str, inputs: &Attributes) -> ProviderError {
    let name = optional_text(inputs, "name").unwrap_or_default();
    let message = format!("There is a {what} `{name}` already");
    ProviderError::rejected(ErrorKind::AlreadyExists, operation, message)
}
