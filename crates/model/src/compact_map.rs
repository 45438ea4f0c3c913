//! A map for few entries, of which there are many.
//!
//! A B-tree sets aside room for eleven entries as soon as it holds one: 632 bytes for a single attribute, five times for
//! each resource of a plan. Here entries stand side by side in the order of their keys and take the room that they need.
//! Looking up halves the range at each step; an insertion in the middle moves all that follows, so a map of many
//! entries is collected from an iterator, which sorts once.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Index};

use litemap::LiteMap;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Entries in the order of their keys. Reads and writes as [`LiteMap`] does, and is written as any map is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CompactMap<K, V>(LiteMap<K, V>);

impl<K, V> CompactMap<K, V> {
    /// Returns an empty map, which takes no memory.
    #[must_use]
    pub const fn new() -> Self {
        CompactMap(LiteMap::new_vec())
    }
}

impl<K, V> Default for CompactMap<K, V> {
    fn default() -> Self {
        CompactMap::new()
    }
}

impl<K, V> Deref for CompactMap<K, V> {
    type Target = LiteMap<K, V>;

    fn deref(&self) -> &LiteMap<K, V> {
        &self.0
    }
}

impl<K, V> DerefMut for CompactMap<K, V> {
    fn deref_mut(&mut self) -> &mut LiteMap<K, V> {
        &mut self.0
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for CompactMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<K: Ord + Borrow<Q>, V, Q: Ord + ?Sized> Index<&Q> for CompactMap<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("an entry with this key")
    }
}

/// Of equal keys the last one counts.
impl<K: Ord, V> FromIterator<(K, V)> for CompactMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        CompactMap(LiteMap::from_iter(entries))
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for CompactMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        CompactMap::from_iter(entries)
    }
}

impl<K: Ord, V> From<BTreeMap<K, V>> for CompactMap<K, V> {
    fn from(entries: BTreeMap<K, V>) -> Self {
        CompactMap::from_iter(entries)
    }
}

impl<K: Ord, V> Extend<(K, V)> for CompactMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        self.0.extend(entries);
    }
}

impl<K, V> IntoIterator for CompactMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_tuple_vec().into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a CompactMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = <&'a LiteMap<K, V> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (&self.0).into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a mut CompactMap<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = <&'a mut LiteMap<K, V> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (&mut self.0).into_iter()
    }
}

impl<K: Serialize, V: Serialize> Serialize for CompactMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // `LiteMap` writes an empty map as a list.
        serializer.collect_map(self)
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for CompactMap<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<K, V> {
    type Value = CompactMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Compact = CompactMap<String, u8>;
    type Tree = BTreeMap<String, u8>;

    fn json(map: &impl Serialize) -> String {
        serde_json::to_string(map).unwrap()
    }

    #[test]
    fn an_empty_map_is_written_as_a_map() {
        assert_eq!(json(&Compact::new()), "{}");
        assert_eq!(serde_json::from_str::<Compact>("{}").unwrap(), Compact::new());
        assert!(serde_json::from_str::<Compact>("[]").is_err());
    }

    proptest! {
        /// Digests, states and plans were first written from a `BTreeMap`, and must stay as they are.
        #[test]
        fn it_is_written_read_compared_and_walked_as_a_tree_is(
            entries: Vec<(String, u8)>,
            others: Vec<(String, u8)>,
        ) {
            let (compact, tree): (Compact, Tree) =
                (entries.iter().cloned().collect(), entries.iter().cloned().collect());
            prop_assert_eq!(json(&compact), json(&tree));
            prop_assert_eq!(&serde_json::from_str::<Compact>(&json(&tree)).unwrap(), &compact);
            prop_assert_eq!(format!("{compact:#?}"), format!("{tree:#?}"));
            prop_assert!(compact.iter().eq(tree.iter()));
            let (other, other_tree): (Compact, Tree) =
                (others.iter().cloned().collect(), others.into_iter().collect());
            prop_assert_eq!(compact.cmp(&other), tree.cmp(&other_tree));
        }

        #[test]
        fn it_changes_as_a_tree_does(changes: Vec<(bool, u8, u8)>) {
            let (mut compact, mut tree) = (CompactMap::new(), BTreeMap::new());
            for (inserts, key, value) in changes {
                if inserts {
                    prop_assert_eq!(compact.insert(key, value), tree.insert(key, value));
                } else {
                    prop_assert_eq!(compact.remove(&key), tree.remove(&key));
                }
            }
            prop_assert_eq!(compact, CompactMap::from(tree));
        }

        #[test]
        fn of_equal_keys_the_last_one_counts(entries: Vec<(u8, u16)>, more: Vec<(u8, u16)>) {
            let mut compact: CompactMap<u8, u16> = entries.iter().copied().collect();
            let mut tree: BTreeMap<u8, u16> = entries.into_iter().collect();
            compact.extend(more.iter().copied());
            tree.extend(more);
            prop_assert_eq!(compact, CompactMap::from(tree));
        }
    }
}
