//! Which headers of a request its signature covers. A URL that was signed for `host` alone verifies with any other header
//! beside it, and a header such as `x-amz-copy-source` makes another operation of it: whoever may put one blob could read all.

use hyper::header::HeaderName;
use hyper::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;

/// How the names begin of headers that say what is to be done.
const OPERATIVE: &str = "x-amz-";
/// Such headers that every signature covers, named in it or not, or that are compared with the body and change nothing else.
const ALWAYS_COVERED: [&str; 2] = ["x-amz-content-sha256", "x-amz-date"];
/// How long a signed URL may live: a week, as on S3.
const LIFE_SECONDS_MAX: u64 = 7 * 24 * 60 * 60;

/// Returns a header that says what is to be done and was not signed, if there is one.
///
/// Signatures of version 2 cover all of them. A signature in the query is looked at before one in a header, in the order in
/// which the protocol does.
pub fn find_unsigned<'a>(uri: &Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    if parameter(uri, "Signature").is_some() {
        return None;
    }
    let named = match parameter(uri, "X-Amz-Signature") {
        Some(_) => parameter(uri, "X-Amz-SignedHeaders"),
        None => named_in(headers),
    };
    let named = named.unwrap_or_default();
    let operative = headers.keys().map(HeaderName::as_str).filter(|name| {
        // A name that is not in small letters there is passed over when the signature is verified.
        name.starts_with(OPERATIVE)
            && !ALWAYS_COVERED.contains(name)
            && !named.split(';').any(|signed| signed == *name)
    });
    operative.into_iter().next()
}

/// Says whether a URL was signed to live longer than a week, or for no time that is understood.
#[must_use]
pub fn lives_too_long(uri: &Uri) -> bool {
    let expires = parameter(uri, "X-Amz-Expires");
    expires.is_some_and(|seconds| {
        !seconds
            .parse()
            .is_ok_and(|seconds: u64| seconds <= LIFE_SECONDS_MAX)
    })
}

/// Returns a parameter of a query, decoded, if the query has it.
pub fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    uri.query()?.split('&').find_map(|pair| {
        let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(found) == name).then(|| decoded(value))
    })
}

fn named_in(headers: &HeaderMap) -> Option<String> {
    let authorization = headers.get(hyper::header::AUTHORIZATION)?.to_str().ok()?;
    let mut parts = authorization.split([',', ' ']);
    parts.find_map(|part| part.strip_prefix("SignedHeaders=").map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(uri: &str, headers: &[(&str, &str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        find_unsigned(&uri.parse().unwrap(), &map).map(str::to_owned)
    }

    const COPY: (&str, &str) = ("x-amz-copy-source", "data/secret");

    #[test]
    fn a_header_that_a_signature_does_not_name_is_found() {
        let url = "/b/k?X-Amz-SignedHeaders=host&X-Amz-Signature=ab";
        assert_eq!(found(url, &[COPY]).as_deref(), Some("x-amz-copy-source"));
        let encoded = "/b/k?X-Amz-SignedHeaders=host&X%2DAmz-Signature=ab";
        let all = (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=x-amz-copy-source, Signature=y",
        );
        assert!(found(encoded, &[COPY, all]).is_some());
        let header = |names: &str| format!("AWS4-HMAC-SHA256 Credential=x,SignedHeaders={names},Signature=y");
        assert!(found("/b/k", &[COPY, ("authorization", &header("host;x-amz-date"))]).is_some());
        assert!(
            found(
                "/b/k",
                &[COPY, ("authorization", &header("host;X-Amz-Copy-Source"))]
            )
            .is_some()
        );
        assert!(found("/b/k", &[COPY]).is_some());
    }

    #[test]
    fn what_a_signature_covers_passes() {
        let url = "/b/k?X-Amz-SignedHeaders=host%3Bx-amz-copy-source&X-Amz-Signature=ab";
        assert_eq!(found(url, &[COPY, ("content-type", "a/b")]), None);
        let date = ("x-amz-date", "20260101T000000Z");
        assert_eq!(
            found("/b/k?X-Amz-SignedHeaders=host&X-Amz-Signature=ab", &[date]),
            None
        );
        assert_eq!(
            found("/b/k?AWSAccessKeyId=x&Signature=y&Expires=1", &[COPY]),
            None
        );
        let header = "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host;x-amz-copy-source, Signature=y";
        assert_eq!(found("/b/k", &[COPY, ("authorization", header)]), None);
    }

    #[test]
    fn a_url_may_live_a_week() {
        let lives = |seconds: &str| lives_too_long(&format!("/?X-Amz-Expires={seconds}").parse().unwrap());
        assert!(!lives("604800") && !lives_too_long(&"/".parse().unwrap()));
        assert!(lives("604801") && lives("x"));
    }
}
