//! The one door to the terminal: data goes to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

/// How messages about progress are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line, for machines.
    Json,
}

/// What the terminal can do and what the user asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// How standard error is written.
    pub(crate) log_format: LogFormat,
    /// Whether the user wants no colours, or the terminal has none.
    pub(crate) plain: bool,
    /// Whether somebody looks at standard error, so that lines may be redrawn.
    pub(crate) interactive: bool,
    stdout_color: bool,
    stderr_color: bool,
}

/// The styles used, so that one thing always looks alike.
pub(crate) mod style {
    use super::{AnsiColor, Style};

    pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
    pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
    pub(crate) const HINT: Style = AnsiColor::Cyan.on_default().bold();
    pub(crate) const CREATE: Style = AnsiColor::Green.on_default();
    pub(crate) const UPDATE: Style = AnsiColor::Yellow.on_default();
    pub(crate) const DELETE: Style = AnsiColor::Red.on_default();
    pub(crate) const REPLACE: Style = AnsiColor::Magenta.on_default();
    pub(crate) const DRIFT: Style = AnsiColor::Cyan.on_default();
    pub(crate) const BOLD: Style = Style::new().bold();
    pub(crate) const DIM: Style = Style::new().dimmed();
}

impl Terminal {
    /// Looks at the standard streams. `plain`: no colours are wanted.
    pub(crate) fn detect(log_format: LogFormat, plain: bool) -> Self {
        let color = |terminal: bool| terminal && !plain;
        Terminal {
            log_format,
            plain,
            interactive: io::stderr().is_terminal() && log_format == LogFormat::Text,
            stdout_color: color(io::stdout().is_terminal()),
            stderr_color: color(io::stderr().is_terminal()),
        }
    }

    /// Writes data. A reader that went away ends the output quietly, as `head` does with any tool.
    pub(crate) fn data(&self, text: &str) -> io::Result<()> {
        ignore_broken_pipe(write(io::stdout().lock(), text, self.stdout_color))
    }

    /// Writes data as it is: values of others, which may hold what looks like a style.
    pub(crate) fn raw(&self, text: &str) -> io::Result<()> {
        ignore_broken_pipe(write(io::stdout().lock(), text, true))
    }

    /// Writes a message that only people need.
    pub(crate) fn say(&self, text: &str) {
        if self.log_format == LogFormat::Text {
            self.write_error(text);
        }
    }

    /// Writes a message: text for people, or one line of JSON.
    pub(crate) fn tell(&self, text: &str, document: &serde_json::Value) {
        match self.log_format {
            LogFormat::Text => self.write_error(text),
            LogFormat::Json => self.write_error(&format!("{document}\n")),
        }
    }

    fn write_error(&self, text: &str) {
        // Nobody is left to tell when standard error is gone.
        let _ = write(io::stderr().lock(), text, self.stderr_color);
    }

    /// Tells whether somebody can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && self.log_format == LogFormat::Text
    }

    /// Asks a question and returns the line typed; nothing when the input ended.
    pub(crate) fn ask(&self, question: &str) -> Option<String> {
        self.say(question);
        let mut line = String::new();
        match io::stdin().read_line(&mut line) {
            Ok(0) | Err(_) => {
                self.say("\n");
                None
            }
            Ok(_) => Some(line.trim().to_owned()),
        }
    }
}

/// Styled text is made with escape codes throughout; here they are kept or stripped.
fn write(mut stream: impl Write, text: &str, color: bool) -> io::Result<()> {
    if color {
        stream.write_all(text.as_bytes())?;
    } else {
        stream.write_all(anstream::adapter::strip_str(text).to_string().as_bytes())?;
    }
    stream.flush()
}

fn ignore_broken_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Returns text in a style.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
