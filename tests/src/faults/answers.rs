//! Refusals in the form of the protocol that a request speaks.

use super::http::Request;

/// Returns an answer that refuses a request.
pub(super) fn refusal(request: &Request, status: u16, code: &str, message: &str) -> Vec<u8> {
    let (kind, body) = if request.header("x-amz-target").is_some() {
        let body = serde_json::json!({ "__type": code, "message": message });
        ("application/x-amz-json-1.1", body.to_string().into_bytes())
    } else if request.header("smithy-protocol") == Some(CBOR) {
        ("application/cbor", cbor([("__type", code), ("message", message)]))
    } else if is_of(request, "/ec2/") {
        let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        let body = format!("<Response><Errors>{error}</Errors><RequestID>{ID}</RequestID></Response>");
        ("text/xml", body.into_bytes())
    } else if is_of(request, "/s3/") {
        let parts = format!("<Code>{code}</Code><Message>{message}</Message><RequestId>{ID}</RequestId>");
        ("application/xml", format!("<Error>{parts}</Error>").into_bytes())
    } else {
        let error =
            format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
        let body = format!("<ErrorResponse>{error}<RequestId>{ID}</RequestId></ErrorResponse>");
        ("text/xml", body.into_bytes())
    };
    let ids = format!("x-amzn-requestid: {ID}\r\nx-amz-request-id: {ID}\r\n");
    let protocol = format!("content-type: {kind}\r\nsmithy-protocol: {CBOR}\r\n");
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Refused\r\n{protocol}{ids}content-length: {length}\r\n\r\n");
    [head.into_bytes(), body].concat()
}

/// The protocol of CloudWatch, whose documents are in binary.
const CBOR: &str = "rpc-v2-cbor";

/// Returns a map of texts in CBOR, RFC 8949.
fn cbor<const N: usize>(pairs: [(&str, &str); N]) -> Vec<u8> {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).expect("a short text");
        [&[0x78, length], text.as_bytes()].concat()
    };
    let map = 0xa0 | u8::try_from(N).expect("a few pairs");
    let pairs = pairs
        .iter()
        .flat_map(|(name, value)| [text(name), text(value)].concat());
    std::iter::once(map).chain(pairs).collect()
}

/// The id of every refused request, for tests that look for it.
const ID: &str = "11111111-2222-3333-4444-555555555555";

/// Tells whether the signature of a request is for a service, between slashes.
fn is_of(request: &Request, service: &str) -> bool {
    request
        .header("authorization")
        .is_some_and(|signature| signature.contains(service))
}
