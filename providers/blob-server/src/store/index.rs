//! Which versions of which blobs a bucket has, in memory and in the order in which they are listed.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::blob_file::Description;

/// The id of a version that was written while versions were not kept.
pub const NULL: &str = "null";

/// One version of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its place in the history of its bucket: a later one has a greater number.
    pub sequence: u64,
    /// Its id, which is what clients see.
    pub id: Arc<str>,
    /// What is known of it.
    pub description: Arc<Description>,
}

impl Version {
    /// Says whether it was written while versions were not kept.
    #[must_use]
    pub fn is_null(&self) -> bool {
        &*self.id == NULL
    }
}

impl Version {
    /// Returns what says where a list goes on, also when the version is gone by then.
    fn mark(&self) -> String {
        match self.is_null() {
            true => id_of(self.sequence, NULL),
            false => self.id.to_string(),
        }
    }
}

/// The versions of a bucket's blobs; those of one blob are never none, the newest last.
#[derive(Debug, Default)]
pub struct Index {
    blobs: BTreeMap<String, Vec<Version>>,
}

/// What a list is to hold.
#[derive(Clone, Debug, Default)]
pub struct ListRequest {
    /// What the names begin with.
    pub prefix: String,
    /// What ends the part of a name that is listed; empty lists whole names.
    pub delimiter: String,
    /// The name after which the list begins; empty begins at the first.
    pub after: String,
    /// The version of that name after which the list begins, if versions are listed.
    pub after_version: Option<String>,
    /// How many entries it may have.
    pub max: usize,
}

/// Part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Versions, and whether each is its blob's newest.
    pub versions: Vec<(Version, bool)>,
    /// What the names of others begin with, up to the delimiter.
    pub prefixes: Vec<String>,
    /// The last name or prefix, if more would follow.
    pub next: Option<String>,
    /// The last version, if more would follow and the last entry is one.
    pub next_version: Option<String>,
}

impl Page {
    fn len(&self) -> usize {
        self.versions.len() + self.prefixes.len()
    }
}

impl Index {
    /// Returns the versions of a blob, the newest last.
    #[must_use]
    pub fn versions(&self, key: &str) -> &[Version] {
        self.blobs.get(key).map_or(&[], Vec::as_slice)
    }

    /// Returns the newest version of a blob, which may be a delete marker.
    #[must_use]
    pub fn newest(&self, key: &str) -> Option<&Version> {
        self.versions(key).last()
    }

    /// Adds a version.
    pub fn add(&mut self, version: Version) {
        let versions = self.blobs.entry(version.description.key.clone()).or_default();
        let place = versions.partition_point(|other| other.sequence < version.sequence);
        versions.insert(place, version);
    }

    /// Takes a version out.
    pub fn remove(&mut self, key: &str, sequence: u64) {
        if let Some(versions) = self.blobs.get_mut(key) {
            versions.retain(|version| version.sequence != sequence);
            if versions.is_empty() {
                self.blobs.remove(key);
            }
        }
    }

    /// Returns the names of all blobs.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.blobs.keys().map(String::as_str)
    }

    /// Lists the blobs that exist, each with its newest version.
    #[must_use]
    pub fn list(&self, request: &ListRequest) -> Page {
        self.page(request, |versions| {
            let newest = versions.last().filter(|newest| !newest.description.is_marker);
            newest.into_iter().map(|newest| (newest.clone(), true)).collect()
        })
    }

    /// Lists all versions, those of one blob from the newest on.
    #[must_use]
    pub fn list_versions(&self, request: &ListRequest) -> Page {
        self.page(request, |versions| {
            let ranked = versions.iter().rev().enumerate();
            ranked
                .map(|(rank, version)| (version.clone(), rank == 0))
                .collect()
        })
    }

    fn page(&self, request: &ListRequest, of: impl Fn(&[Version]) -> Vec<(Version, bool)>) -> Page {
        let mut page = Page::default();
        let mut from = request.start();
        while let Some((key, versions)) = from.as_bound().and_then(|from| {
            let mut rest = self.blobs.range::<str, _>((from, Bound::Unbounded));
            rest.next()
        }) {
            if !key.starts_with(&request.prefix) {
                break;
            }
            let mut entries = of(versions);
            if *key == request.after
                && let Some(last) = &request.after_version
            {
                skip_to(&mut entries, last);
            }
            let common = request.common_prefix(key).filter(|_| !entries.is_empty());
            from = match common {
                Some(common) => Start::after_all(common),
                None => Start::Beyond(key.clone()),
            };
            match common {
                Some(common) => {
                    if page.len() >= request.max {
                        return page;
                    }
                    page.prefixes.push(common.to_owned());
                    page.next = Some(common.to_owned());
                    page.next_version = None;
                }
                None => {
                    for entry in entries {
                        if page.len() >= request.max {
                            return page;
                        }
                        page.next = Some(key.clone());
                        page.next_version = Some(entry.0.mark());
                        page.versions.push(entry);
                    }
                }
            }
        }
        Page {
            next: None,
            next_version: None,
            ..page
        }
    }
}

/// Leaves what follows a version; one that was removed since is known by its place in the history.
fn skip_to(entries: &mut Vec<(Version, bool)>, last: &str) {
    if let Some(seen) = entries.iter().position(|(version, _)| &*version.id == last) {
        entries.drain(..=seen);
    } else if let Some(sequence) = sequence_of(last) {
        entries.retain(|(version, _)| version.sequence < sequence);
    }
}

/// Returns the id of a kept version: its place in the history, then something that nobody guesses.
#[must_use]
pub fn id_of(sequence: u64, random: &str) -> String {
    format!("{sequence:016x}{random}")
}

fn sequence_of(id: &str) -> Option<u64> {
    u64::from_str_radix(id.get(..16)?, 16).ok()
}

/// Where a list goes on.
enum Start {
    At(String),
    Beyond(String),
    Nowhere,
}

impl Start {
    /// Returns what follows every name that begins with a prefix: the prefix with its last character replaced by the next.
    fn after_all(prefix: &str) -> Self {
        let mut next = prefix.to_owned();
        while let Some(last) = next.pop() {
            // A range of characters leaves out the numbers that are none.
            if let Some(follower) = (last..=char::MAX).nth(1) {
                next.push(follower);
                return Self::At(next);
            }
        }
        Self::Nowhere
    }

    fn as_bound(&self) -> Option<Bound<&str>> {
        match self {
            Self::At(key) => Some(Bound::Included(key)),
            Self::Beyond(key) => Some(Bound::Excluded(key)),
            Self::Nowhere => None,
        }
    }
}

impl ListRequest {
    fn start(&self) -> Start {
        if self.after.is_empty() || self.after < self.prefix {
            return Start::At(self.prefix.clone());
        }
        // A page that ended with a prefix is followed by what does not begin with it.
        if self.common_prefix(&self.after) == Some(&self.after) {
            return Start::after_all(&self.after);
        }
        match self.after_version {
            Some(_) => Start::At(self.after.clone()),
            None => Start::Beyond(self.after.clone()),
        }
    }

    fn common_prefix<'a>(&self, key: &'a str) -> Option<&'a str> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = key.strip_prefix(self.prefix.as_str())?;
        let at = rest.find(&self.delimiter)?;
        Some(&key[..self.prefix.len() + at + self.delimiter.len()])
    }
}

#[cfg(test)]
mod tests;
