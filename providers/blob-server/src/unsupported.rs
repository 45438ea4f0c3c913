//! What a request may ask for and not get. To do the rest of it would tell the client that it was done: a blob that was to be
//! encrypted with the client's key would lie there in clear.

use hyper::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use hyper::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;

/// How the names begin of headers, or of parameters in their place, that ask for what is not there.
const UNSUPPORTED: [&str; 7] = [
    "x-amz-server-side-encryption-customer-",
    "x-amz-copy-source-server-side-encryption-customer-",
    "x-amz-object-lock-",
    "x-amz-write-offset-bytes",
    "x-amz-website-redirect-location",
    "x-amz-grant-",
    // Conditions of a deletion on size and time.
    "x-amz-if-match-",
];
const TAGGING: &str = "x-amz-tagging";
const ACL: &str = "x-amz-acl";
/// What is so anyway: a bucket belongs to its stack, and a key opens all of it.
const OWN_ACLS: [&str; 2] = ["private", "bucket-owner-full-control"];

/// Returns the header or parameter that asks for what is not there, if there is one.
#[must_use]
pub fn find_unsupported(operation: &str, uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let parameters = uri.query().unwrap_or_default().split('&').map(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        percent_decode_str(name).decode_utf8_lossy().to_ascii_lowercase()
    });
    let names = headers.keys().map(HeaderName::as_str).map(str::to_owned);
    let named = names.chain(parameters).find(|name| is_unsupported(name));
    named.or_else(|| {
        let conditions = [IF_MATCH, IF_NONE_MATCH];
        let found = conditions.iter().find(|name| headers.contains_key(*name));
        // On the place that is copied to; those on the source have other names.
        let found = found.filter(|_| operation == "CopyObject");
        found.map(ToString::to_string)
    })
}

/// Says whether a request would give others access to a blob.
#[must_use]
pub fn gives_access(headers: &HeaderMap) -> bool {
    let acls = headers.get_all(ACL).iter();
    acls.into_iter()
        .any(|acl| !OWN_ACLS.iter().any(|own| acl.as_bytes() == own.as_bytes()))
}

fn is_unsupported(name: &str) -> bool {
    name == TAGGING || UNSUPPORTED.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(operation: &str, uri: &str, name: &str) -> Option<String> {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let headers = [(name, "x".parse().unwrap())].into_iter().collect();
        find_unsupported(operation, &uri.parse().unwrap(), &headers)
    }

    #[test]
    fn what_is_not_there_is_found_in_headers_and_parameters() {
        let key = "x-amz-server-side-encryption-customer-key";
        assert_eq!(found("PutObject", "/b/k", key).as_deref(), Some(key));
        let hoisted = "/b/k?X-Amz-Server-Side-Encryption-Customer-Key=x";
        assert_eq!(found("PutObject", hoisted, "host").as_deref(), Some(key));
        assert_eq!(
            found("PutObject", "/b/k?x%2Damz-tagging=a", "host").as_deref(),
            Some("x-amz-tagging")
        );
        assert_eq!(
            found("CopyObject", "/b/k", "if-none-match").as_deref(),
            Some("if-none-match")
        );
        for name in [
            "x-amz-meta-a",
            "x-amz-tagging-directive",
            "x-amz-server-side-encryption",
            "if-match",
        ] {
            assert_eq!(found("PutObject", "/b/k?versionId=1", name), None, "{name}");
        }
    }
}
