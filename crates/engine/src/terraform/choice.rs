//! What a person decided: which object is that of which address.

use super::file::ForeignState;
use super::matching::{Because, Candidate, Matching};
use crate::error::EngineError;

/// Pairs of an address there and one here.
#[derive(Debug)]
pub(super) struct Choices(Vec<(String, String)>);

/// Reads choices such as `aws_db_instance.main=postgres.main/aws.rds.instance.primary`.
pub(super) fn read(texts: &[String], foreign: &ForeignState) -> Result<Choices, EngineError> {
    let choices: Result<Vec<_>, _> = texts.iter().map(|text| one(text, foreign)).collect();
    choices.map(Choices)
}

fn one(text: &str, foreign: &ForeignState) -> Result<(String, String), EngineError> {
    let Some(at) = equals_sign(text) else {
        let message = format!("`{text}` does not say which object is that of which address");
        let hint = "For example: --map aws_db_instance.main=postgres.main/aws.rds.instance.primary";
        return Err(EngineError::request(message, hint));
    };
    let (from, to) = (&text[..at], &text[at + 1..]);
    if !foreign.objects.iter().any(|entry| entry.address == from) {
        let names = foreign.objects.iter().map(|entry| entry.address.as_str());
        let hint = match infra_model::diagnostic::near_match(from, names) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "See what it has with: terraform state list".to_owned(),
        };
        return Err(EngineError::request(
            format!("The state of Terraform has no `{from}`"),
            hint,
        ));
    }
    Ok((from.to_owned(), to.to_owned()))
}

/// Returns where the first `=` is that is not in a quoted key of an instance.
fn equals_sign(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '=' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

impl Choices {
    /// Pairs what was chosen.
    pub(super) fn apply(
        &self,
        matching: &mut Matching<'_>,
        candidates: &[Candidate],
    ) -> Result<(), EngineError> {
        for (from, to) in &self.0 {
            let Some(address) = matching.absent().find(|address| address.as_str() == to).cloned() else {
                let near = infra_model::diagnostic::near_match(
                    to,
                    matching.absent().map(|address| address.as_str()),
                );
                let hint = near.map_or_else(
                    || "See what the stack wants with: infra plan ENVIRONMENT".to_owned(),
                    |near| format!("Did you mean `{near}`?"),
                );
                return Err(EngineError::request(
                    format!("No address `{to}` waits for an object: the stack declares none, or it has one"),
                    hint,
                ));
            };
            let of_type =
                |one: &Candidate| one.counterpart.resource_type.as_str() == address.resource_type_str();
            let found = candidates
                .iter()
                .position(|one| one.from == *from && of_type(one));
            let Some(found) = found else {
                let message = format!(
                    "`{from}` is no object of type `{}` that exists and can be adopted",
                    address.resource_type_str()
                );
                return Err(EngineError::request(
                    message,
                    "Look at all with: --dry-run, without --map",
                ));
            };
            if !matching.is_free(found) {
                let message = format!("`{from}` is chosen for two addresses");
                return Err(EngineError::request(
                    message,
                    "An object has one address: leave out one `--map`",
                ));
            }
            matching.pair(&address, found, Because::Chosen);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equals_sign_in_a_key_divides_nothing() {
        for (text, at) in [
            ("a.b=c/d", Some(3)),
            ("a.b[\"x=y\"]=c/d", Some(10)),
            ("a.b[\"x\\\"=\"]=c/d", Some(11)),
            ("a.b", None),
        ] {
            assert_eq!(equals_sign(text), at, "{text}");
        }
    }
}
