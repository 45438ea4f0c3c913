//! The comment on a role or database that says whose it is, because PostgreSQL has no tags.

use crate::ownership::OwnershipTag;

/// What every comment of ours begins with.
const PREFIX: &str = "infra";
/// Stands for a fingerprint that does not exist.
const NOTHING: &str = "-";

/// What a comment of ours says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Whose the object is.
    pub tag: OwnershipTag,
    /// The fingerprint of the verifier that we set, on a role.
    pub fingerprint: Option<String>,
}

impl Comment {
    /// Reads a comment; anything that we did not write is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?.strip_prefix(' ')?;
        let (fingerprint, tag) = rest.split_once(' ')?;
        let fingerprint = (fingerprint != NOTHING).then(|| fingerprint.to_owned());
        Some(Self {
            tag: tag.parse().ok()?,
            fingerprint,
        })
    }

    /// Returns the comment as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!(
            "{PREFIX} {} {}",
            self.fingerprint.as_deref().unwrap_or(NOTHING),
            self.tag
        )
    }

    /// Says whether the object belongs to the same resource of the same state.
    #[must_use]
    pub fn is_owned_by(&self, tag: &OwnershipTag) -> bool {
        self.tag.lineage == tag.lineage && self.tag.address == tag.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_read_as_it_was_written() {
        let tag: OwnershipTag = r#"l1 t1 postgres.main["eu"]/local.postgres.role.app"#.parse().unwrap();
        for fingerprint in [None, Some("ab12".to_owned())] {
            let comment = Comment {
                tag: tag.clone(),
                fingerprint,
            };
            assert_eq!(Comment::parse(&comment.to_text()), Some(comment));
        }
    }

    #[test]
    fn what_others_wrote_is_not_ours() {
        assert_eq!(Comment::parse("default administrative connection database"), None);
        assert_eq!(Comment::parse("infrastructure - x"), None);
    }
}
