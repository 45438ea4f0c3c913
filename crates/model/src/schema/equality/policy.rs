//! Policy documents: `Statement`s with `Action`s and `Resource`s. Lists in them are sets, one element may stand for a list of one,
//! and names (`Sid`, `Id`) only label.

use serde_json::{Map, Value as Json};

/// What names a statement, or the whole document.
const LABELS: [&str; 2] = ["Sid", "Id"];
/// Whose members are alternatives, whether they stand in a list or alone.
const PRINCIPALS: [&str; 2] = ["Principal", "NotPrincipal"];

/// Returns the one form of all documents that say the same.
pub(super) fn canonical(document: Json) -> Json {
    let Json::Object(document) = document else {
        return document;
    };
    let entry = |(name, value): (String, Json)| match name.as_str() {
        "Statement" => (name, set(value, statement)),
        _ => (name, value),
    };
    let labelled = document
        .into_iter()
        .filter(|(name, _)| !LABELS.contains(&name.as_str()));
    Json::Object(labelled.map(entry).collect())
}

fn statement(statement: Json) -> Json {
    let Json::Object(statement) = statement else {
        return statement;
    };
    let entry = |(name, value): (String, Json)| match name.as_str() {
        // Names of actions know no upper and lower case.
        "Action" | "NotAction" => (name, set(value, |action| lowercase(&action))),
        "Condition" => (name, conditions(value)),
        _ if PRINCIPALS.contains(&name.as_str()) => (name, principal(value)),
        _ => (name, set(value, text)),
    };
    let labelled = statement
        .into_iter()
        .filter(|(name, _)| !LABELS.contains(&name.as_str()));
    Json::Object(labelled.map(entry).collect())
}

/// Everybody may be written in two ways.
fn principal(value: Json) -> Json {
    match value {
        Json::Object(kinds) => {
            let kinds: Map<String, Json> = kinds
                .into_iter()
                .map(|(kind, who)| (kind, set(who, text)))
                .collect();
            let everybody = Json::Array(vec![Json::from("*")]);
            match kinds.get("AWS") {
                Some(who) if *who == everybody && kinds.len() == 1 => Json::from("*"),
                _ => Json::Object(kinds),
            }
        }
        who => who,
    }
}

fn conditions(value: Json) -> Json {
    let Json::Object(operators) = value else {
        return value;
    };
    let of_operator = |(operator, keys): (String, Json)| match keys {
        Json::Object(keys) => {
            let keys = keys
                .into_iter()
                .map(|(key, values)| (key.to_lowercase(), set(values, text)));
            (operator, Json::Object(keys.collect()))
        }
        keys => (operator, keys),
    };
    Json::Object(operators.into_iter().map(of_operator).collect())
}

/// Returns a list of what is one element or several, each once and in one order.
fn set(value: Json, element: impl Fn(Json) -> Json) -> Json {
    let elements = match value {
        Json::Array(elements) => elements,
        one => vec![one],
    };
    let mut elements: Vec<Json> = elements.into_iter().map(element).collect();
    elements.sort_by_key(Json::to_string);
    elements.dedup();
    Json::Array(elements)
}

/// Returns what conditions compare: `false` and `"false"` are one.
fn text(value: Json) -> Json {
    match value {
        Json::Bool(_) | Json::Number(_) => Json::String(value.to_string()),
        other => other,
    }
}

fn lowercase(value: &Json) -> Json {
    value
        .as_str()
        .map_or_else(|| value.clone(), |text| Json::String(text.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::canonical;

    #[test]
    fn documents_that_say_the_same_are_one() {
        let ours = json!({
            "Version": "2012-10-17",
            "Statement": [
                { "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["b", "b/*"],
                  "Condition": { "Bool": { "aws:SecureTransport": "false" } } },
                { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "b/*" },
            ],
        });
        let theirs = json!({
            "Version": "2012-10-17",
            "Id": "bucket",
            "Statement": [
                { "Effect": "Allow", "Action": ["s3:PutObject", "s3:getobject"], "Resource": ["b/*"] },
                { "Sid": "DenyInsecureTransport", "Effect": "Deny", "Principal": { "AWS": "*" }, "Action": ["s3:*"],
                  "Resource": ["b/*", "b"], "Condition": { "Bool": { "aws:securetransport": false } } },
            ],
        });
        assert_eq!(canonical(ours), canonical(theirs));
    }

    #[test]
    fn what_allows_more_is_not_the_same() {
        let allow = |action: &str, resource: &str, who: &str| {
            canonical(
                json!({ "Statement": { "Effect": "Allow", "Action": action, "Resource": resource,
                "Principal": { "AWS": who } } }),
            )
        };
        let one = allow("s3:GetObject", "b/*", "arn:aws:iam::1:root");
        assert_ne!(one, allow("s3:*", "b/*", "arn:aws:iam::1:root"));
        assert_ne!(one, allow("s3:GetObject", "B/*", "arn:aws:iam::1:root"));
        assert_ne!(one, allow("s3:GetObject", "b/*", "*"));
        let denied = json!({ "Statement": { "Effect": "Deny", "Action": "s3:GetObject", "Resource": "b/*",
            "Principal": { "AWS": "arn:aws:iam::1:root" } } });
        assert_ne!(one, canonical(denied));
    }
}
