//! Why the storage refused or failed, as one sentence: its client nests the same report up to nine times, with whole
//! pages of the service inside.

use std::error::Error;
use std::fmt;

/// Where machines of the clouds get credentials from when they were given none.
const METADATA_SERVICE: &str = "//169.254.169.254/";

/// Why a request failed. Text, because one error goes to many callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause(String);

impl Cause {
    /// Returns what is at the bottom of an error, said of a place.
    pub(super) fn of(place: &str, error: &object_store::Error) -> Self {
        let texts = chain(error);
        let innermost = texts.last().map_or("", String::as_str);
        let why = answer(innermost).unwrap_or_else(|| innermost.to_owned());
        let asks_the_machine = texts.iter().any(|text| text.contains(METADATA_SERVICE));
        let is_missing = ["NoSuchBucket", "ContainerNotFound"]
            .iter()
            .any(|code| why.contains(code));
        Cause(match (asks_the_machine, is_missing) {
            (true, _) => format!(
                "`{place}`: no credentials were given in `{}`, and this machine has none of its own ({why})",
                if place.starts_with("az:") {
                    "AZURE_…"
                } else {
                    "AWS_…"
                }
            ),
            (_, true) => format!("`{place}`: {why} (it has to be there: the engine makes none)"),
            _ => format!("`{place}`: {why}"),
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Cause {}

fn chain(error: &dyn Error) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts
}

/// Returns what a service answered, if this is the report of an answer: `404 Not Found, NoSuchBucket: The specified …`.
fn answer(report: &str) -> Option<String> {
    let (_, answer) = report.split_once("status code: ")?;
    let (status, page) = answer.split_once(": ").unwrap_or((answer, ""));
    let status = status.trim();
    let code = element(page, "Code");
    let message = element(page, "Message").and_then(|message| message.lines().next());
    Some(match (code, message) {
        (Some(code), Some(message)) => format!("{status}, {code}: {message}"),
        (Some(code), None) => format!("{status}, {code}"),
        (None, _) if page.contains('<') || page.is_empty() => status.to_owned(),
        (None, _) => format!("{status}, {}", page.trim()),
    })
}

/// Returns the text of an element in the small XML of errors.
fn element<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(inner: &str, outer: &str) -> String {
        let source = std::io::Error::other(inner.to_owned());
        let error = object_store::Error::Generic {
            store: "S3",
            source: format!("{outer} - {inner}").into(),
        };
        let nested = object_store::Error::NotFound {
            path: outer.to_owned(),
            source: Box::new(source),
        };
        assert_eq!(chain(&error).len(), 2);
        Cause::of("s3://team/state", &nested).to_string()
    }

    #[test]
    fn a_service_is_quoted_without_its_page() {
        let page = "Server returned non-2xx status code: 404 Not Found: <?xml version=\"1.0\"?>\n<Error>\
                    <Code>NoSuchBucket</Code><Message>The bucket does not exist\nRequestId:1</Message></Error>";
        assert_eq!(
            told(page, "Error performing GET http://s3/team"),
            "`s3://team/state`: 404 Not Found, NoSuchBucket: The bucket does not exist (it has to be there: the engine makes none)"
        );
        let html = "Server returned non-2xx status code: 503 Service Unavailable: <html>…</html>";
        assert_eq!(told(html, "GET"), "`s3://team/state`: 503 Service Unavailable");
        let bare = "Server returned non-2xx status code: 403 Forbidden: denied";
        assert_eq!(told(bare, "GET"), "`s3://team/state`: 403 Forbidden, denied");
    }

    #[test]
    fn what_lies_at_the_bottom_is_said() {
        assert_eq!(
            told("Connection refused (os error 111)", "tcp connect error"),
            "`s3://team/state`: Connection refused (os error 111)"
        );
    }

    #[test]
    fn a_machine_without_credentials_is_told_where_they_belong() {
        assert_eq!(
            told(
                "timed out",
                "Error performing PUT http://169.254.169.254/latest/api/token"
            ),
            "`s3://team/state`: no credentials were given in `AWS_…`, and this machine has none of its own (timed out)"
        );
    }
}
