//! Policy documents as the service writes them: JSON with percent signs (RFC 3986). And which of several is the one that we manage.

/// Returns the name of the inline policy that is ours: that of our own name or, of an object that was adopted, the only one.
pub(super) fn meant(names: &[String], own: &str) -> String {
    match names {
        [only] => only.clone(),
        _ => own.to_owned(),
    }
}

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
    use super::{decoded, meant};

    #[test]
    fn the_only_policy_is_meant_whatever_its_name() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(meant(&names(&["theirs"]), "infra"), "theirs");
        assert_eq!(meant(&names(&["theirs", "infra"]), "infra"), "infra");
        assert_eq!(meant(&names(&["theirs", "others"]), "infra"), "infra");
        assert_eq!(meant(&[], "infra"), "infra");
    }

    #[test]
    fn percent_signs_are_read_and_everything_else_stays() {
        assert_eq!(decoded("%7B%22a%22%3A%22%C3%BC%22%7D"), r#"{"a":"ü"}"#);
        for plain in ["{}", "100%", "a%2", "%zz", "%+1"] {
            assert_eq!(decoded(plain), plain);
        }
    }
}
