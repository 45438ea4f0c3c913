//! Refusals in the form of the protocol that a request speaks.

use super::http::Request;

/// Returns an answer that refuses a request.
pub(super) fn refusal(request: &Request, status: u16, code: &str, message: &str) -> Vec<u8> {
    let (kind, body) = if request.header("x-amz-target").is_some() {
        let body = serde_json::json!({ "__type": code, "message": message });
        ("application/x-amz-json-1.1", body.to_string())
    } else if is_of(request, "/ec2/") {
        let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        let body = format!("<Response><Errors>{error}</Errors><RequestID>{ID}</RequestID></Response>");
        ("text/xml", body)
    } else if is_of(request, "/s3/") {
        let parts = format!("<Code>{code}</Code><Message>{message}</Message><RequestId>{ID}</RequestId>");
        ("application/xml", format!("<Error>{parts}</Error>"))
    } else {
        let error =
            format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
        let body = format!("<ErrorResponse>{error}<RequestId>{ID}</RequestId></ErrorResponse>");
        ("text/xml", body)
    };
    let head = format!(
        "HTTP/1.1 {status} Refused\r\ncontent-type: {kind}\r\nx-amzn-requestid: {ID}\r\nx-amz-request-id: {ID}\r\n"
    );
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The id of every refused request, for tests that look for it.
const ID: &str = "11111111-2222-3333-4444-555555555555";

/// Tells whether the signature of a request is for a service, between slashes.
fn is_of(request: &Request, service: &str) -> bool {
    request
        .header("authorization")
        .is_some_and(|signature| signature.contains(service))
}
