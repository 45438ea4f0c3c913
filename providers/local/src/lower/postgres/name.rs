//! Names of servers in an environment, from the addresses of their components.

use infra_model::address::ComponentAddress;

/// How much of a label stays readable: the name is part of a socket's path, which has to be short.
const LABEL_CHARS_MAX: usize = 20;

/// Returns the name of a component's server, or of another part of it.
///
/// `postgres.main` gives `main` and `main-replica-1`; what stands in a module, has an instance key or is long is told
/// apart by a hash.
#[must_use]
pub(crate) fn of(component: &ComponentAddress, suffix: Option<&str>) -> String {
    let label = component.label();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let simple = format!("{}.{label}", component.kind());
    let is_simple =
        component.as_str() == simple && label.len() <= LABEL_CHARS_MAX && label.chars().all(is_plain);
    let base = if is_simple {
        label.to_owned()
    } else {
        let kept: String = label
            .chars()
            .take(LABEL_CHARS_MAX)
            .map(|c| if is_plain(c) { c } else { '_' })
            .collect();
        format!(
            "{kept}-{}",
            &blake3::hash(component.as_str().as_bytes()).to_hex()[..8]
        )
    };
    match suffix {
        Some(suffix) => format!("{base}-{suffix}"),
        None => base,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::site::NAME_BYTES_MAX;

    fn name(address: &str) -> String {
        of(&address.parse().unwrap(), None)
    }

    #[test]
    fn a_simple_label_is_the_name() {
        assert_eq!(name("postgres.main"), "main");
        assert_eq!(
            of(&"postgres.main".parse().unwrap(), Some("replica-1")),
            "main-replica-1"
        );
    }

    #[test]
    fn instances_and_modules_stay_apart_and_names_stay_short() {
        let long = format!("postgres.{}", "x".repeat(60));
        let addresses = [
            "postgres.main",
            "postgres.main[0]",
            "postgres.main[\"eu\"]",
            "module.a.postgres.main",
            &long,
        ];
        let names: std::collections::BTreeSet<String> =
            addresses.iter().map(|address| name(address)).collect();
        assert_eq!(names.len(), addresses.len());
        assert!(
            names
                .iter()
                .all(|name| name.len() + "-replica-100".len() <= NAME_BYTES_MAX),
            "{names:?}"
        );
        assert!(
            names.iter().all(|name| !name.contains(['[', '"', '.'])),
            "{names:?}"
        );
    }
}
