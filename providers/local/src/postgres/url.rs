//! Writes names and paths as they stand in a connection URL.

use std::fmt::Write as _;

/// Returns a name as it stands before or after the host.
#[must_use]
pub fn encoded_name(text: &str) -> String {
    encoded(text.as_bytes(), b"-._~")
}

/// Returns a path as it stands in the query, where a slash needs no encoding.
#[must_use]
pub fn encoded_path(path: &std::path::Path) -> String {
    encoded(path.as_os_str().as_encoded_bytes(), b"-._~/")
}

fn encoded(bytes: &[u8], kept: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || kept.contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_part_of_a_url_is_encoded() {
        assert_eq!(encoded_name("a@b/c"), "a%40b%2Fc");
        assert_eq!(encoded_path("/run/my shop&co".as_ref()), "/run/my%20shop%26co");
    }
}
