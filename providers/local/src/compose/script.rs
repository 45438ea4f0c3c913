//! Lines of shell that several servers need.

/// Returns the file of a secret in a container.
pub(super) fn secret(id: &str) -> String {
    format!("/run/secrets/{id}")
}

/// Returns the command that prints a secret.
pub(super) fn cat(id: &str) -> String {
    format!("$(cat {})", secret(id))
}

/// Returns the arguments that run a script.
pub(super) fn run(script: &str) -> Vec<String> {
    vec!["sh".to_owned(), script.to_owned()]
}
