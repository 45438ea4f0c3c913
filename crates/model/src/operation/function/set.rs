//! Functions on sets. A set is a sorted list without repetitions, so that it reads and compares like any list.

use std::collections::BTreeSet;

use crate::operation::OperationError;
use crate::operation::function::arguments::Arguments;
use crate::operation::function::{FunctionEntry, reads_all};
use crate::value::Value;

pub(super) const FUNCTIONS: &[FunctionEntry] = &[
    reads_all(
        "distinct(list)",
        "Returns the list without repetitions, each element where it stood first",
        [r#"distinct(["b", "a", "b"])"#, r#"["b", "a"]"#],
        |call| {
            let mut seen = BTreeSet::new();
            Ok(Value::list(
                call.list(0)?.iter().filter(|value| seen.insert(*value)).cloned(),
            ))
        },
    ),
    reads_all(
        "setintersection(set…)",
        "Returns the elements that are in every list, sorted",
        [r#"setintersection(["a", "b"], ["b", "c"])"#, r#"["b"]"#],
        |call| fold(call, |left, right| left.retain(|value| right.contains(value))),
    ),
    reads_all(
        "setsubtract(set, without)",
        "Returns the elements of the first list that are not in the second, sorted",
        [r#"setsubtract(["a", "b"], ["b"])"#, r#"["a"]"#],
        |call| fold(call, |left, right| left.retain(|value| !right.contains(value))),
    ),
    reads_all(
        "setunion(set…)",
        "Returns the elements that are in any of the lists, sorted",
        [r#"setunion(["b"], ["a", "b"])"#, r#"["a", "b"]"#],
        |call| fold(call, |left, right| left.extend(right)),
    ),
    reads_all(
        "toset(list)",
        "Returns the elements sorted and without repetitions, as `for_each` takes them",
        [r#"toset(["b", "a", "b"])"#, r#"["a", "b"]"#],
        |call| fold(call, |_, _| ()),
    ),
];

/// Combines all lists into the first one and returns it as a set.
fn fold<'a>(
    call: Arguments<'a>,
    combine: impl Fn(&mut BTreeSet<&'a Value>, BTreeSet<&'a Value>),
) -> Result<Value, OperationError> {
    let mut result: Option<BTreeSet<&Value>> = None;
    for at in 0..call.all().len() {
        let set = call.list(at)?.iter().collect();
        match &mut result {
            None => result = Some(set),
            Some(result) => combine(result, set),
        }
    }
    Ok(Value::list(result.unwrap_or_default().into_iter().cloned()))
}
