//! Which operation a request asks for. The service stands in the signature, the operation where the service's protocol has it.

use super::http::Request;

/// Returns the operation of a request: `kms.CreateKey`; of S3, which has none in its requests, method and path: `s3.PUT /bucket`.
pub(super) fn of(request: &Request) -> String {
    format!("{}.{}", service(request), name(request))
}

/// Returns the service that the signature is for: `Credential=KEY/20260101/eu-west-1/kms/aws4_request`.
fn service(request: &Request) -> &str {
    scope(request).split('/').nth(3).unwrap_or("unsigned")
}

/// Returns the access key of the signature.
pub(super) fn key(request: &Request) -> &str {
    scope(request).split('/').next().unwrap_or_default()
}

fn scope(request: &Request) -> &str {
    let signature = request.header("authorization").unwrap_or_default();
    signature.split("Credential=").nth(1).unwrap_or_default()
}

fn name(request: &Request) -> String {
    if let Some(target) = request.header("x-amz-target") {
        return after(target, '.').to_owned();
    }
    if let Some((_, operation)) = request.path.split_once("/operation/") {
        return operation.to_owned();
    }
    let form = String::from_utf8_lossy(&request.body);
    let action = form.split('&').find_map(|pair| pair.strip_prefix("Action="));
    action.map_or_else(
        || {
            let path = request.path.replace("?x-id=", "#").replace("&x-id=", "#");
            let path = path.split('#').next().unwrap_or_default();
            format!("{} {path}", request.method)
        },
        str::to_owned,
    )
}

fn after(text: &str, separator: char) -> &str {
    text.rsplit_once(separator).map_or(text, |(_, after)| after)
}

/// Tells whether an operation changes something, by the verb with which its name begins.
#[must_use]
pub fn changes_something(operation: &str) -> bool {
    let name = after(operation, '.');
    let looks = ["Describe", "List", "Get", "BatchGet", "Assume", "GET ", "HEAD "];
    !looks.iter().any(|verb| name.starts_with(verb))
}
