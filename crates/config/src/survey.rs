//! All environments of a stack side by side, and what is declared about their differences.

use std::collections::BTreeMap;

use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::facts::Facts;
use infra_model::parity::{Completeness, Exception, Fault, Pattern, Stale, faults};
use infra_model::stack::Stack;

use crate::build::build;
use crate::environment::environments;
use crate::load::Parsed;
use crate::report::with_hint;
use crate::stack::{file_stem, known, to_look_at, unnamed};
use crate::variable::{Given, Missing};

/// The environments of a stack.
#[derive(Debug)]
pub struct Survey {
    /// Those that can be read, in the order of their waves and names.
    pub stacks: Vec<Stack>,
    /// Why the others cannot, by their names.
    pub unread: BTreeMap<String, Vec<Diagnostic>>,
    /// The declared differences, in the order in which they stand in the stack.
    pub exceptions: Vec<Exception>,
    /// Paths of exceptions that name nothing.
    pub faults: Vec<Diagnostic>,
    /// Paths of exceptions that cover no difference any more, with the warning that tells it.
    pub stale: Vec<(Stale, Diagnostic)>,
}

/// Reads all environments, to look at them: a secret variable needs no value.
#[must_use]
pub fn survey(parsed: &Parsed, variables: &BTreeMap<String, Given>) -> Survey {
    let (mut stacks, mut unread) = (Vec::new(), BTreeMap::new());
    for head in environments(parsed) {
        match to_look_at(parsed, &head.name, variables) {
            (Some(stack), _) => stacks.push(stack),
            (None, diagnostics) => {
                unread.insert(head.name, diagnostics);
            }
        }
    }
    let heads = environments(parsed);
    for overlay in &parsed.overlays {
        if heads.iter().all(|head| head.span.source != overlay.source) {
            // A file without a block is known by its name.
            unread.insert(file_stem(overlay).to_owned(), unnamed(parsed, overlay, variables));
        }
    }
    // What is wrong with an exception was reported with each environment: none can say anything else.
    let world = build(parsed, None, variables, Missing::Imagine).world;
    let exceptions = world.exceptions(known(parsed, &heads));
    let completeness = if unread.is_empty() {
        Completeness::All
    } else {
        Completeness::Some
    };
    let mut survey = Survey {
        stacks,
        unread,
        exceptions,
        faults: Vec::new(),
        stale: Vec::new(),
    };
    survey.judge(completeness);
    survey
}

impl Survey {
    /// Looks for exceptions that say nothing.
    fn judge(&mut self, completeness: Completeness) {
        if self.exceptions.is_empty() {
            return;
        }
        let named = |stack: &Stack| (stack.environment.name.clone(), Facts::of_stack(stack));
        let facts = self.stacks.iter().map(named).collect();
        for (exception, pattern, fault) in faults(&self.exceptions, &facts, completeness) {
            match fault {
                Fault::Nameless => self.faults.push(nameless(pattern, exception, &facts)),
                Fault::Stale => self.stale.push(stale(pattern, exception)),
            }
        }
    }
}

fn nameless(pattern: &Pattern, exception: &Exception, facts: &BTreeMap<String, Facts>) -> Diagnostic {
    let detail = format!("Nothing is called `{}` in {}", pattern.text, meant(exception));
    let diagnostic = Diagnostic::error("Exception for nothing", detail).at(pattern.span);
    let paths: Vec<String> = facts.values().flat_map(Facts::paths).collect();
    let near = near_match(&pattern.text, paths.iter().map(String::as_str));
    let hint = match near {
        Some(near) => format!("Did you mean `{near}`?"),
        None => "Take the path from what `infra parity` prints".to_owned(),
    };
    with_hint(diagnostic, Some(hint))
}

fn stale(pattern: &Pattern, exception: &Exception) -> (Stale, Diagnostic) {
    let detail = format!(
        "`{}` declares nothing in {}: it is the same, or other paths declare it more closely",
        pattern.text,
        meant(exception)
    );
    let warning = Diagnostic::warning("Stale exception", detail)
        .at(pattern.span)
        .hint("Take the path out of the exception, so that the next difference is seen");
    let stale = Stale {
        exception: exception.name.clone(),
        path: pattern.text.clone(),
    };
    (stale, warning)
}

fn meant(exception: &Exception) -> String {
    let names: Vec<String> = exception.between.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => "any environment".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
