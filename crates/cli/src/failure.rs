//! Failures sorted by who must act, with the exit code that says so.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use infra_model::diagnostic::{Diagnostic, SourceMap};

use crate::render::diagnostic;
use crate::terminal::{Terminal, style, styled};

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The user: the stack, the state or the plan does not allow it.
    User,
    /// The user: the command line is wrong.
    Usage,
    /// Whoever runs the machine, the network, the cloud or the store.
    Environment,
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

    /// Returns it with a way out.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Returns the exit code: 1 user, 2 usage, 3 environment, 70 bug.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            FailureKind::User => 1,
            FailureKind::Usage => 2,
            FailureKind::Environment => 3,
            FailureKind::Bug => 70,
        })
    }

    /// Writes it for people.
    pub(crate) fn show(&self, terminal: &Terminal) {
        terminal.say(&diagnostic::render_all(&self.diagnostics, &self.sources));
        terminal.say(&self.to_string());
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", styled(style::ERROR, "Error:"), self.message)?;
        for cause in &self.causes {
            writeln!(f, "{} {cause}", styled(style::BOLD, "Caused by:"))?;
        }
        for hint in &self.hints {
            writeln!(f, "{} {hint}", styled(style::HINT, "Hint:"))?;
        }
        if self.kind == FailureKind::Bug {
            writeln!(
                f,
                "{} This is a defect of `infra`; please report it",
                styled(style::HINT, "Hint:")
            )?;
        }
        Ok(())
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
