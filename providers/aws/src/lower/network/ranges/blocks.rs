//! The blocks of a range, and which name chooses which.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;

/// A range has two to the power of this many blocks, if they are not too small then.
const BLOCK_BITS: u8 = 7;
/// The longest prefix of a block: eight subnets of the smallest size.
const SMALLEST: u8 = 25;
/// Chosen so that the usual names of segments choose different blocks; a test knows them. Another value would move everybody.
const SALT: &str = "infra segment 117";

/// The block of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// A block that nobody else has.
    pub(super) block: Ipv4Net,
    /// The one that its name chooses, if that is taken.
    pub(super) wanted: Option<Ipv4Net>,
}

/// Returns a block for each name in a range, where some ranges are taken. Names that find none are left out of the answer's
/// distinct blocks: they share the one that they chose, and say so.
pub(super) fn choose<'a>(
    whole: Ipv4Net,
    names: impl Iterator<Item = &'a str>,
    taken: &[Ipv4Net],
) -> BTreeMap<String, Choice> {
    let mut taken = taken.to_vec();
    let mut chosen = BTreeMap::new();
    let mut late = Vec::new();
    for name in names {
        let block = chosen_by(name, whole);
        if is_free(block, &taken) {
            taken.push(block);
            chosen.insert(name.to_owned(), Choice { block, wanted: None });
        } else {
            late.push((name, block));
        }
    }
    for (name, wanted) in late {
        let block = blocks(whole)
            .find(|block| is_free(*block, &taken))
            .unwrap_or(wanted);
        taken.push(block);
        let wanted = Some(wanted);
        chosen.insert(name.to_owned(), Choice { block, wanted });
    }
    chosen
}

/// Returns the block that a name chooses, whoever else is there.
fn chosen_by(name: &str, whole: Ipv4Net) -> Ipv4Net {
    let digest = *blake3::hash(format!("{SALT}\n{name}").as_bytes()).as_bytes();
    let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) as usize;
    let count = 1 << (prefix(whole) - whole.prefix_len());
    blocks(whole).nth(number % count).unwrap_or(whole)
}

fn blocks(whole: Ipv4Net) -> impl Iterator<Item = Ipv4Net> {
    whole.subnets(prefix(whole)).into_iter().flatten()
}

fn prefix(whole: Ipv4Net) -> u8 {
    (whole.prefix_len() + BLOCK_BITS)
        .min(SMALLEST)
        .max(whole.prefix_len())
}

fn is_free(block: Ipv4Net, taken: &[Ipv4Net]) -> bool {
    !taken.iter().any(|other| overlap(block, *other))
}

/// Tells whether two ranges have an address in common.
pub(super) fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// Tells whether no two ranges have an address in common.
pub(super) fn are_apart(ranges: &[Ipv4Net]) -> bool {
    let pairs = ranges.iter().enumerate();
    pairs
        .into_iter()
        .all(|(index, range)| is_free(*range, &ranges[..index]))
}

/// Returns the smallest range that has all of these in it, nothing for none.
pub(super) fn cover(ranges: &[Ipv4Net]) -> Option<Ipv4Net> {
    let first = *ranges.first()?;
    let holds_all = |cover: &Ipv4Net| ranges.iter().all(|range| cover.contains(range));
    std::iter::successors(Some(first), Ipv4Net::supernet).find(holds_all)
}

#[cfg(test)]
mod tests;
