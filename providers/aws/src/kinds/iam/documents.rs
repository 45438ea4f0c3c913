//! Policy documents as the service writes them: JSON with percent signs (RFC 3986).

/// Returns a document in clear; one that is not encoded stays as it is.
pub(super) fn decoded(document: &str) -> String {
    let mut bytes = Vec::with_capacity(document.len());
    let mut rest = document.as_bytes();
    while let [first, after @ ..] = rest {
        let byte = (*first == b'%').then(|| byte_of(after)).flatten();
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| document.to_owned())
}

fn byte_of(digits: &[u8]) -> Option<u8> {
    let digits = digits
        .get(..2)
        .filter(|two| two.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn percent_signs_are_read_and_everything_else_stays() {
        assert_eq!(decoded("%7B%22a%22%3A%22%C3%BC%22%7D"), r#"{"a":"ü"}"#);
        for plain in ["{}", "100%", "a%2", "%zz", "%+1"] {
            assert_eq!(decoded(plain), plain);
        }
    }
}
