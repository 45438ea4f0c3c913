//! Writing an environment for tools that know nothing of stacks.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use infra_config::environment::environments;
use infra_config::files::folder::Folder;
use infra_config::load::load;
use infra_model::sealing::Secret;

use crate::configuration::{self, Read};
use crate::error::EngineError;
use crate::files;
use crate::opened::Target;

/// Reads a stack for an environment that one provider makes. No state is needed.
///
/// # Errors
///
/// When the stack has mistakes, or another provider makes the environment; the error names those that this one makes.
pub fn read(target: &Target, provider: &str) -> Result<Read, EngineError> {
    let read = configuration::read(target)?;
    let environment = &read.stack.environment;
    if environment.provider.name == provider {
        return Ok(read);
    }
    let parsed = load(&Folder::new(&target.folder));
    let others: Vec<String> = environments(&parsed)
        .into_iter()
        .filter(|head| head.provider.as_deref() == Some(provider))
        .map(|head| head.name)
        .collect();
    let message = format!(
        "The provider of environment `{}` is `{}`, and only those of `{provider}` can be exported",
        environment.name, environment.provider.name
    );
    let hint = match others.is_empty() {
        true => format!("Add one: a file env/local.hcl with the block `provider \"{provider}\" {{}}`"),
        false => format!("Environments of `{provider}` are: {}", others.join(", ")),
    };
    Err(EngineError::request(message, hint))
}

/// How a file of secrets begins. Another command that writes variables takes it for nobody's of its own.
const SECRETS_MARK: &str = "# Secrets of an exported environment: what stands here keeps its value.";

/// Writes an exported file. One that is there is overwritten if it begins with the mark, so that it was exported too.
///
/// # Errors
///
/// When something else is there, or the disk refuses.
pub fn write(path: &Path, text: &str, mark: &str) -> Result<(), EngineError> {
    let _ = found(path, mark, "--out")?;
    files::replace(path, text.as_bytes())
}

/// Adds variables to a file of lines `NAME='value'` that only its owner may read. What stands in it already keeps its
/// value, so that volumes which were made with it still open. Returns how many were added.
///
/// # Errors
///
/// When something else is there, or the disk refuses.
pub fn complete(path: &Path, variables: &[(String, Secret)]) -> Result<usize, EngineError> {
    let mut text = found(path, SECRETS_MARK, "--secrets-file")?;
    if text.is_empty() {
        let _ = writeln!(text, "{SECRETS_MARK}");
    }
    let known: BTreeSet<String> = text
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()))
        .collect();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let missing: Vec<_> = variables
        .iter()
        .filter(|(name, _)| !known.contains(name))
        .collect();
    for (name, value) in &missing {
        let _ = writeln!(text, "{name}='{}'", value.expose());
    }
    files::replace_private(path, text.as_bytes())?;
    Ok(missing.len())
}

/// Returns what is in a file that was written here, as its first line says, and nothing if there is none.
fn found(path: &Path, mark: &str, option: &str) -> Result<String, EngineError> {
    match std::fs::read_to_string(path) {
        Ok(found) if found.is_empty() || found.lines().next() == Some(mark) => Ok(found),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Ok(_) | Err(_) => {
            let message = format!("`{}` exists and was not written by this command", path.display());
            let hint = format!("Remove it, or name another file with {option}");
            Err(EngineError::request(message, hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str, value: &str) -> (String, Secret) {
        (name.to_owned(), Secret::new(value))
    }

    #[test]
    fn a_value_that_was_given_once_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        assert_eq!(complete(&file, &[secret("A", "first")]).unwrap(), 1);
        let added = complete(&file, &[secret("A", "second"), secret("B", "third")]);
        assert_eq!(added.unwrap(), 1);
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            format!("{SECRETS_MARK}\nA='first'\nB='third'\n")
        );
        std::fs::write(&file, "OTHERS='not to be touched'\n").unwrap();
        assert!(complete(&file, &[secret("A", "fourth")]).is_err());
    }

    #[test]
    fn only_what_was_exported_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("compose.yaml");
        write(&file, "# mark\none\n", "# mark").unwrap();
        write(&file, "# mark\ntwo\n", "# mark").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "# mark\ntwo\n");
        std::fs::write(&file, "services: {}\n").unwrap();
        let refused = write(&file, "# mark\nthree\n", "# mark").unwrap_err();
        assert!(refused.to_string().contains("was not written by this command"));
        assert!(write(folder.path(), "# mark\n", "# mark").is_err());
    }
}
