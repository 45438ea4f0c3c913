//! Differences between environments: for people, as Markdown, and as a document.

use infra_engine::parity::Parity;
use infra_model::facts::path::whole;
use infra_model::parity::{Difference, Sides};
use infra_model::value::Value;
use serde_json::{Map, Value as Json, json};

use super::expression::written;
use super::facts;
use super::words::counted;
use crate::terminal::style;

/// What stands where an environment has nothing.
const ABSENT: &str = "–";

/// How wide a cell may be before it no longer widens its column.
const CELL_COLUMNS_MAX: usize = 60;

/// A line of a table: what, and what each of the two environments says.
struct Row {
    name: String,
    cells: [String; 2],
}

/// Returns the differences for people.
pub(crate) fn text(parity: &Parity) -> String {
    let sections = sections(parity);
    let all = || sections.iter().flat_map(|(_, rows)| rows);
    let width = |cell: fn(&Row) -> &str, least: usize| {
        let widths = all().map(|row| cell(row).chars().count());
        let widths = widths.filter(|width| *width <= CELL_COLUMNS_MAX);
        widths.max().unwrap_or(0).max(least)
    };
    let [left, right] = &parity.between;
    let first = width(|row| &row.name, 0);
    let second = width(|row| &row.cells[0], left.chars().count());
    let mut text = heading(parity) + "\n";
    for (title, rows) in &sections {
        text += &format!("\n{}{title}{:#}\n", style::BOLD, style::BOLD);
        let (dim, end) = (style::DIM, format!("{:#}", style::DIM));
        text += &format!("{dim}  {:first$}  {left:second$}  {right}{end}\n", "");
        for Row { name, cells } in rows {
            text += &format!("  {name:first$}  {:second$}  {}\n", cells[0], cells[1]);
        }
    }
    for stale in &parity.stale {
        let title = format!("{}Stale exception:{:#}", style::WARNING, style::WARNING);
        let (exception, path) = (&stale.exception, &stale.path);
        text += &format!("\n{title} `{exception}` declares `{path}`, and no difference is left to it\n");
    }
    text
}

fn heading(parity: &Parity) -> String {
    let [left, right] = &parity.between;
    let declared: usize = parity.declared.iter().map(|one| one.differences.len()).sum();
    let stack = &parity.stack;
    match (declared, parity.undeclared.len()) {
        (0, 0) => format!("`{left}` and `{right}` of `{stack}` do not differ"),
        (declared, 0) => format!(
            "`{left}` and `{right}` of `{stack}` have {}, all declared",
            counted(declared, "difference")
        ),
        (0, undeclared) => format!(
            "`{left}` and `{right}` of `{stack}` have {}, none declared",
            counted(undeclared, "difference")
        ),
        (declared, undeclared) => format!(
            "`{left}` and `{right}` of `{stack}` have {}, {undeclared} not declared",
            counted(declared + undeclared, "difference")
        ),
    }
}

/// Returns the parts of the text with their titles: what is not declared comes first.
fn sections(parity: &Parity) -> Vec<(String, Vec<Row>)> {
    let undeclared =
        (!parity.undeclared.is_empty()).then(|| ("Not declared".to_owned(), rows(&parity.undeclared)));
    let declared = parity.declared.iter().map(|one| {
        let title = format!("Declared as `{}`: {}", one.exception, one.reason);
        (title, rows(&one.differences))
    });
    undeclared.into_iter().chain(declared).collect()
}

fn rows(differences: &[Difference]) -> Vec<Row> {
    differences.iter().flat_map(rows_of).collect()
}

/// Returns a line for a difference, and one for each fact of what only one environment has.
fn rows_of(difference: &Difference) -> Vec<Row> {
    let row = |name: String, left: String, right: String| Row {
        name,
        cells: [left, right],
    };
    let name = difference.path();
    let (tree, is_left) = match &difference.sides {
        Sides::Both(left, right) => return vec![row(name, written(left), written(right))],
        Sides::Left(tree) => (tree, true),
        Sides::Right(tree) => (tree, false),
    };
    let sided = |name: String, cell: String, other: &str| match is_left {
        true => row(name, cell, other.to_owned()),
        false => row(name, other.to_owned(), cell),
    };
    if let Some(only) = tree.get("").filter(|_| tree.len() == 1) {
        return vec![sided(name, written(only), ABSENT)];
    }
    let head = sided(name, "present".to_owned(), ABSENT);
    let said = tree.iter().filter(|(_, value)| facts::says_something(value));
    let inner = said.map(|(path, value)| sided(format!("  {path}"), written(value), ""));
    std::iter::once(head).chain(inner).collect()
}

/// Returns the differences as part of a page in Markdown, under headings of a level that `hashes` writes.
pub(crate) fn markdown(parity: &Parity, hashes: &str) -> String {
    let [left, right] = &parity.between;
    let mut page = format!("{}.\n", heading(parity));
    if !parity.undeclared.is_empty() {
        page += &format!("\n{hashes} Not declared\n\n");
        page += &table(&parity.undeclared, left, right);
    }
    for one in &parity.declared {
        page += &format!("\n{hashes} {}\n\n", facts::escaped(&one.exception));
        page += &format!("{}\n\n", facts::escaped(&one.reason));
        page += &table(&one.differences, left, right);
    }
    if !parity.stale.is_empty() {
        page += &format!("\n{hashes} Stale exceptions\n\n");
        for stale in &parity.stale {
            let (exception, path) = (&stale.exception, facts::code(&stale.path));
            page += &format!("- `{exception}` declares {path}, and no difference is left to it\n");
        }
    }
    page
}

fn table(differences: &[Difference], left: &str, right: &str) -> String {
    let mut table = format!("| | {left} | {right} |\n| --- | --- | --- |\n");
    for difference in differences {
        let [left, right] = match &difference.sides {
            Sides::Both(left, right) => [left, right].map(|value| facts::code(&written(value))),
            Sides::Left(tree) => [facts::cell(tree), ABSENT.to_owned()],
            Sides::Right(tree) => [ABSENT.to_owned(), facts::cell(tree)],
        };
        table += &format!("| {} | {left} | {right} |\n", facts::code(&difference.path()));
    }
    table
}

/// Returns the differences in the format `infra.parity/1`.
pub(crate) fn document(parity: &Parity) -> Json {
    let list = |differences: &[Difference]| -> Vec<Json> {
        let one = |difference| self::difference(difference, &parity.between);
        differences.iter().map(one).collect()
    };
    let declared = parity.declared.iter().map(|one| {
        let differences = list(&one.differences);
        json!({ "exception": one.exception, "reason": one.reason, "differences": differences })
    });
    let stale = parity.stale.iter();
    let stale = stale.map(|stale| json!({ "exception": stale.exception, "path": stale.path }));
    json!({
        "format": "infra.parity/1",
        "stack": parity.stack,
        "environments": parity.between,
        "undeclared": list(&parity.undeclared),
        "declared": declared.collect::<Vec<_>>(),
        "stale": stale.collect::<Vec<_>>(),
    })
}

/// Returns a difference as facts by their whole paths, once per environment; one that lacks them has null instead.
fn difference(difference: &Difference, between: &[String; 2]) -> Json {
    let one = |value: &Value| json!({ difference.path(): facts::json(value) });
    let sides = match &difference.sides {
        Sides::Both(left, right) => [one(left), one(right)],
        Sides::Left(tree) => [facts_of(difference, tree), Json::Null],
        Sides::Right(tree) => [Json::Null, facts_of(difference, tree)],
    };
    let values: Map<String, Json> = between.iter().cloned().zip(sides).collect();
    json!({ "path": difference.path(), "facts": values })
}

fn facts_of(difference: &Difference, tree: &infra_model::facts::Tree) -> Json {
    let path = difference.path();
    let facts: Map<String, Json> = tree
        .iter()
        .map(|(rest, value)| (whole(&path, rest), facts::json(value)))
        .collect();
    Json::Object(facts)
}

#[cfg(test)]
mod tests;
