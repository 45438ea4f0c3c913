//! Failures sorted by who must act, with the exit code that says so.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use infra_model::diagnostic::{Diagnostic, SourceMap};
use serde_json::{Value as Json, json};

use crate::render;
use crate::terminal::{style, styled};

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The user: the stack, the state or the plan does not allow it.
    User,
    /// The user: the command line is wrong.
    Usage,
    /// Whoever runs the machine, the network, the cloud or the store.
    Environment,
    /// Nobody: another run has the environment just now.
    Busy,
    /// We: it is a defect.
    Bug,
}

/// A command ended without success.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hints: Vec<String>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) sources: SourceMap,
}

impl Failure {
    /// Returns a failure with a message alone.
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Failure {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            diagnostics: Vec::new(),
            sources: SourceMap::default(),
        }
    }

    /// Returns a failure with the message and the causes of an error.
    pub(crate) fn of(kind: FailureKind, error: &dyn Error) -> Self {
        let mut causes = chain(error);
        let message = causes.remove(0);
        Failure {
            causes,
            ..Failure::new(kind, message)
        }
    }

    /// Returns it with what led to it.
    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Returns it with a way out.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Returns it with hints that can be copied as they are: the stages do not know which folder and which
    /// environment the user named, and write the command without the one and `ENVIRONMENT` for the other.
    pub(crate) fn localized(mut self, folder: &Path, environment: Option<&str>) -> Self {
        for hint in &mut self.hints {
            if let Some(environment) = environment {
                *hint = hint.replace("ENVIRONMENT", environment);
            }
            if folder != Path::new(".") {
                *hint = hint.replace(": infra ", &format!(": infra -C {} ", folder.display()));
            }
        }
        self
    }

    /// Returns the exit code: 1 user, 2 usage, 3 environment, 70 bug.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            FailureKind::User => 1,
            FailureKind::Usage => 2,
            FailureKind::Environment => 3,
            FailureKind::Busy => 4,
            FailureKind::Bug => 70,
        })
    }

    /// Returns it for people: the mistakes with their places, then what failed, why, and what to do.
    pub(crate) fn text(&self) -> String {
        let mut text = render::diagnostic::render_all(&self.diagnostics, &self.sources);
        text += &format!("{} {}\n", styled(style::ERROR, "Error:"), self.message);
        for cause in &self.causes {
            text += &format!("{} {cause}\n", styled(style::BOLD, "Caused by:"));
        }
        for hint in &self.hints {
            text += &format!("{} {hint}\n", styled(style::HINT, "Hint:"));
        }
        if self.kind == FailureKind::Bug {
            let report = "This is a defect of `infra`; please report it";
            text += &format!("{} {report}\n", styled(style::HINT, "Hint:"));
        }
        text
    }

    /// Returns it in the format `infra.failure/1`.
    pub(crate) fn json(&self) -> Json {
        let kind = match self.kind {
            FailureKind::User => "user",
            FailureKind::Usage => "usage",
            FailureKind::Environment => "environment",
            FailureKind::Busy => "busy",
            FailureKind::Bug => "bug",
        };
        json!({
            "format": "infra.failure/1",
            "kind": kind,
            "message": self.message,
            "causes": self.causes,
            "hints": self.hints,
            "diagnostics": render::json::diagnostics(&self.diagnostics, &self.sources),
        })
    }
}

/// Returns the messages of an error and its causes, the outermost first: never empty.
pub(crate) fn chain(error: &dyn Error) -> Vec<String> {
    let mut messages = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        messages.push(error.to_string());
        cause = error.source();
    }
    messages
}
