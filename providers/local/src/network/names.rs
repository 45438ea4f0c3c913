//! Names of namespaces and links: recognisable to a person who lists them, and the same at every run, so that
//! what a crashed run left is found by name.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The longest name of a network device in Linux.
const DEVICE_NAME_BYTES_MAX: usize = 15;
/// How much of a user's name is kept readable.
const LABEL_CHARS_MAX: usize = 40;

/// Returns the identity of a network's router, which is also the name of its namespace.
///
/// Starts with `infra-` and a hash of the environment's folder, so that all namespaces of one environment are
/// known by their prefix, see [`environment_prefix`].
#[must_use]
pub fn router(environment: &Path, network: &str) -> String {
    let simple = network.strip_prefix("network.").unwrap_or(network);
    format!("{}{}", environment_prefix(environment), label(simple))
}

/// Returns the prefix of the names of all namespaces of an environment.
#[must_use]
pub fn environment_prefix(environment: &Path) -> String {
    format!("infra-{}-", short_hash(environment.as_os_str().as_bytes()))
}

/// Returns the identity of a segment, which is also the name of its namespace.
#[must_use]
pub fn segment(router: &str, name: &str) -> String {
    format!("{router}.{}", label(name))
}

/// Returns the name of the router's link into a segment.
#[must_use]
pub fn device(segment: &str) -> String {
    let readable = format!("s-{segment}");
    if readable.len() <= DEVICE_NAME_BYTES_MAX && is_plain(segment) {
        return readable;
    }
    format!("x-{}", short_hash(segment.as_bytes()))
}

/// What is not plain or too long is told apart by a hash.
fn label(text: &str) -> String {
    if is_plain(text) && text.len() <= LABEL_CHARS_MAX {
        return text.to_owned();
    }
    let kept: String = text
        .chars()
        .take(LABEL_CHARS_MAX)
        .map(|c| if is_plain_char(c) { c } else { '_' })
        .collect();
    format!("{kept}-{}", short_hash(text.as_bytes()))
}

fn is_plain(text: &str) -> bool {
    text.chars().all(is_plain_char)
}

fn is_plain_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn short_hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..8].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_and_know_their_environment() {
        let environment = Path::new("/srv/shop/.infra/local");
        let main = router(environment, "network.main");
        assert!(main.starts_with(&environment_prefix(environment)), "{main}");
        assert!(main.ends_with("-main"), "{main}");
        assert_eq!(segment(&main, "data"), format!("{main}.data"));
        assert_ne!(main, router(Path::new("/srv/shop/.infra/test"), "network.main"));
    }

    #[test]
    fn networks_of_modules_and_instances_stay_apart() {
        let environment = Path::new("/srv");
        let names = [
            "network.main",
            "network.main[\"a\"]",
            "network.main[\"b\"]",
            "module.x.network.main",
        ];
        let routers: std::collections::BTreeSet<String> =
            names.iter().map(|name| router(environment, name)).collect();
        assert_eq!(routers.len(), 4);
        assert!(
            routers.iter().all(|name| !name.contains(['"', '[', '.'])),
            "{routers:?}"
        );
    }

    #[test]
    fn a_device_name_fits_the_kernel() {
        assert_eq!(device("data"), "s-data");
        assert_eq!(device("thirteen-char").len(), 15);
        assert!(device("fourteen-chars").starts_with("x-"));
        assert!(device("größe").is_ascii());
    }
}
