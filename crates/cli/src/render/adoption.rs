//! What was adopted from another tool: for people, and as a document.

use std::collections::BTreeMap;

use infra_engine::terraform::{Adopted, Adoption, Because, LeftOut};
use serde_json::{Value as Json, json};

use super::words::{counted, quoted, some_of};
use crate::terminal::{style, styled};

/// How wide a cell may be before it no longer widens its column.
const CELL_COLUMNS_MAX: usize = 60;

/// Returns what came of it for people.
pub(crate) fn text(adoption: &Adoption, dry_run: bool) -> String {
    let count = counted(adoption.adopted.len(), "object");
    let mut text = match dry_run {
        true => format!("{count} would be adopted\n"),
        false => format!("{count} adopted\n"),
    };
    let rows = adoption
        .adopted
        .iter()
        .map(|one| [one.from.clone(), one.address.to_string(), because(one)]);
    text += &table(&rows.collect::<Vec<_>>());
    text += &left_out(&adoption.left_out);
    let known = adoption
        .known
        .iter()
        .map(|(from, address)| [from.clone(), address.to_string(), String::new()]);
    text += &section("Recorded before", &table(&known.collect::<Vec<_>>()));
    let absent = adoption.absent.iter().map(|address| format!("  {address}\n"));
    text += &section(
        "In the stack alone: the next apply makes them",
        &absent.collect::<String>(),
    );
    text += &section(
        "Left alone: infra does not manage it",
        &types(&adoption.unmanaged),
    );
    let parts = adoption
        .parts
        .iter()
        .map(|(from, whole)| [from.clone(), format!("is a part of its {whole}"), String::new()]);
    text += &section("Parts", &table(&parts.collect::<Vec<_>>()));
    text += &section(
        "Taken to be as the stack says, because nobody can see it",
        &assumed(&adoption.adopted),
    );
    text
}

fn section(title: &str, body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    format!("\n{}\n{body}", styled(style::BOLD, title))
}

fn left_out(left_out: &[LeftOut]) -> String {
    let mut body = String::new();
    for one in left_out {
        body += &format!("  {}  {}: {}\n", one.from, one.id, one.reason);
        for address in &one.fits {
            let choice = quoted(&format!("{}={address}", one.from));
            body += &format!("      --map {choice}\n");
        }
    }
    section("Left out", &body)
}

fn assumed(adopted: &[Adopted]) -> String {
    let some = adopted.iter().filter(|one| !one.assumed.is_empty());
    some.map(|one| format!("  {}: {}\n", one.address, one.assumed.join(", ")))
        .collect()
}

/// Returns what there is of each type, and why it is left alone.
fn types(unmanaged: &[(String, &'static str)]) -> String {
    let mut by_type: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for (address, why) in unmanaged {
        let group = (type_in(address), *why);
        by_type.entry(group).or_default().push(address.clone());
    }
    let line =
        |((_, why), all): ((&str, &str), Vec<String>)| format!("  {}: {why}\n", some_of(&all).join(", "));
    by_type.into_iter().map(line).collect()
}

/// Returns the type in an address of Terraform: the last part but one.
fn type_in(address: &str) -> &str {
    let without_key = address
        .strip_suffix(']')
        .and_then(|text| text.rsplit_once('['))
        .map_or(address, |(text, _)| text);
    let of_name = without_key
        .rsplit_once('.')
        .map_or(without_key, |(before, _)| before);
    of_name.rsplit_once('.').map_or(of_name, |(_, last)| last)
}

fn because(adopted: &Adopted) -> String {
    match &adopted.because {
        Because::Chosen => "as you said".to_owned(),
        Because::Tagged => "by its tags".to_owned(),
        Because::Only => "the only one that fits".to_owned(),
        Because::Agrees(names) => format!("by its {}", names.join(", ")),
        Because::Content => "by what it says".to_owned(),
        Because::Referred(address) => format!("{address} refers to it"),
    }
}

fn table(rows: &[[String; 3]]) -> String {
    let width = |at: usize| {
        let widths = rows.iter().map(|row| row[at].chars().count());
        widths
            .filter(|width| *width <= CELL_COLUMNS_MAX)
            .max()
            .unwrap_or(0)
    };
    let (first, second) = (width(0), width(1));
    let line = |[from, to, why]: &[String; 3]| {
        format!("  {from:first$}  {to:second$}  {why}")
            .trim_end()
            .to_owned()
            + "\n"
    };
    rows.iter().map(line).collect()
}

/// Returns what came of it in the format `infra.adopted/1`.
pub(crate) fn document(adoption: &Adoption, dry_run: bool) -> Json {
    let adopted = adoption.adopted.iter().map(|one| {
        json!({
            "from": one.from,
            "address": one.address,
            "id": one.id,
            "because": because(one),
            "assumed": one.assumed,
        })
    });
    let left_out = adoption.left_out.iter().map(|one| {
        json!({
            "from": one.from,
            "type": one.resource_type,
            "id": one.id,
            "reason": one.reason,
            "fits": one.fits,
        })
    });
    let known = adoption
        .known
        .iter()
        .map(|(from, address)| json!({ "from": from, "address": address }));
    let parts = adoption
        .parts
        .iter()
        .map(|(from, whole)| json!({ "from": from, "of": whole }));
    let unmanaged = adoption
        .unmanaged
        .iter()
        .map(|(from, why)| json!({ "from": from, "reason": why }));
    json!({
        "format": "infra.adopted/1",
        "dry_run": dry_run,
        "adopted": adopted.collect::<Vec<_>>(),
        "left_out": left_out.collect::<Vec<_>>(),
        "known": known.collect::<Vec<_>>(),
        "parts": parts.collect::<Vec<_>>(),
        "unmanaged": unmanaged.collect::<Vec<_>>(),
        "absent": adoption.absent,
        "data_sources": adoption.data_sources,
    })
}

#[cfg(test)]
mod tests {
    use super::type_in;

    #[test]
    fn the_type_stands_before_the_name() {
        for (address, name) in [
            ("aws_vpc.main", "aws_vpc"),
            ("module.a.aws_vpc.main", "aws_vpc"),
            ("module.a[\"x.y\"].aws_subnet.app[0]", "aws_subnet"),
            ("aws_subnet.app[\"a.b\"]", "aws_subnet"),
        ] {
            assert_eq!(type_in(address), name);
        }
    }
}
