//! The reference page of the functions, written from their tables so that it cannot be out of date.

use std::fmt::Write as _;

use crate::operation::function::{FunctionEntry, GROUPS};

const INTRODUCTION: &str = "\
# Functions

<!-- Generated: run `cargo run -p infra-model --example function_reference > docs/reference/functions.md` -->

The stack language has a fixed set of functions. They are pure: none reads a file, the time, the environment or
a random source, so the same stack always means the same. `?` marks a parameter that may be left out, `…` one that
may be repeated; a list is handed to the latter with three dots: `max(local.sizes...)`.

**What is known when.** A function of something that is known only after apply gives a result that is known only
after apply. Functions that only move or count elements do not wait for what they do not read: `length`, `keys`
and `merge` of a map whose values come later are known at once, so `for_each` can use them.

**Secrets.** Texts and numbers computed from a secret are secret: `sha256(var.key)` and `length(var.key)` are never
shown, and can still be calculated with and compared. True and false are not secret, nor is the number of elements of
a list, nor are the keys of a map; a secret is therefore refused as a key. `sensitive` makes a value secret; nothing
makes a secret plain again.

**Sets** are sorted lists without repetitions.

**Limits.** A text has at most 4 MiB and a list or map at most 1,000,000 elements.

**Deliberately absent**: `file`, `templatefile` and `fileset` (a stack is its HCL files and nothing else), `timestamp`,
`uuid` and `bcrypt` (the same stack would mean something else each time), `can` and `try` (they hide mistakes, and what is
not known before apply can neither succeed nor fail in a plan), `nonsensitive` (a secret stays one), `md5` and `sha1`
(broken).
";

/// Returns the page in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    for group in GROUPS {
        let _ = write!(page, "\n## {}\n", group.title);
        for function in group.functions {
            write_function(&mut page, function);
        }
    }
    page
}

fn write_function(page: &mut String, function: &FunctionEntry) {
    let FunctionEntry {
        signature,
        summary,
        example,
        ..
    } = function;
    let _ = write!(
        page,
        "\n### `{signature}`\n\n{summary}.\n\n```hcl\n{} # {}\n```\n",
        example.call, example.result
    );
}
