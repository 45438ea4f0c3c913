//! A stack in a folder of its own, and the binary run against it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::machine;
use crate::run::Run;

/// A stack's folder with a home of its own. Dropping it destroys what was applied.
#[derive(Debug)]
pub struct TestEnv {
    root: TempDir,
    variables: Vec<(String, String)>,
    applied: bool,
    transcript: String,
}

impl TestEnv {
    /// Returns an empty folder.
    #[must_use]
    pub fn empty() -> Self {
        let parent = machine::scratch();
        let root = tempfile::Builder::new()
            .prefix("t")
            .tempdir_in(parent)
            .expect("a scratch folder");
        std::fs::create_dir_all(root.path().join("stack/env")).expect("a stack's folder");
        std::fs::create_dir_all(root.path().join("home")).expect("a home");
        TestEnv {
            root,
            variables: Vec::new(),
            applied: false,
            transcript: String::new(),
        }
    }

    /// Returns a folder with this stack and one environment `local`.
    #[must_use]
    pub fn stack(text: &str) -> Self {
        let environment = "environment \"local\" {\n  data = \"mock\"\n  provider \"local\" {}\n}\n";
        TestEnv::empty()
            .file("stack.hcl", text)
            .file("env/local.hcl", environment)
    }

    /// Returns a folder with a copy of a stack of the project, such as `examples/replicated`.
    #[must_use]
    pub fn copy_of(path: &str) -> Self {
        let env = TestEnv::empty();
        copy(&machine::project().join(path), &env.folder());
        env
    }

    /// Writes a file of the stack.
    #[must_use]
    pub fn file(self, name: &str, text: &str) -> Self {
        self.write(name, text);
        self
    }

    /// Writes a file of the stack, later.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("its folder");
        std::fs::write(path, text).expect("a file of the stack");
    }

    /// Replaces text in a file of the stack; the text must be there.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.folder().join(name)).expect("a file of the stack");
        assert!(text.contains(from), "`{from}` is not in {name}");
        self.write(name, &text.replace(from, to));
    }

    /// Sets an environment variable for all runs.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns the stack's folder.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.root.path().join("stack")
    }

    /// Returns the folder that holds stack and home: everything that the binary may write to.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Returns the command, not started yet, with nothing to read from.
    pub fn command(&mut self, arguments: &[&str]) -> Command {
        if arguments
            .iter()
            .any(|argument| ["apply", "rotate"].contains(argument))
        {
            self.applied = true;
        }
        let mut command = Command::new(machine::binary());
        command
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .stdin(Stdio::null());
        for name in ["PATH", "USER", "LD_LIBRARY_PATH"] {
            if let Some(value) = machine::variable(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", self.root.path().join("home"));
        command.env("INFRA_SERVERS", machine::servers());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the binary to its end.
    pub fn run(&mut self, arguments: &[&str]) -> Run {
        self.run_in(&self.folder(), arguments)
    }

    /// Runs the binary to its end in another folder than the stack's.
    pub fn run_in(&mut self, folder: &Path, arguments: &[&str]) -> Run {
        let output = self.command(arguments).current_dir(folder).output();
        let output = output.expect("the binary starts");
        self.note(&output);
        Run::new(arguments, &output, self.root.path())
    }

    /// Adds what a run of [`TestEnv::command`] wrote to the transcript.
    pub fn note(&mut self, output: &Output) {
        for bytes in [&output.stdout, &output.stderr] {
            self.transcript += &String::from_utf8_lossy(bytes);
        }
    }

    /// Leaves the environment as it is at the end: for tests that make it unusable while no server runs in it.
    pub fn abandon(&mut self) {
        self.applied = false;
    }

    /// Returns all that the binary wrote to the terminal so far, but for outputs that were asked for by name.
    #[must_use]
    pub fn transcript(&self) -> &str {
        &self.transcript
    }

    /// Returns an output of the stack as it is, a secret one too.
    ///
    /// # Panics
    /// When there is none.
    pub fn output(&mut self, name: &str) -> String {
        let mut command = self.command(&["output", "local", name]);
        let output = command.output().expect("the binary starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
        String::from_utf8(output.stdout)
            .expect("text")
            .trim_end()
            .to_owned()
    }
}

impl Drop for TestEnv {
    /// Ends what a test left behind; a test of `destroy` calls it itself.
    fn drop(&mut self) {
        if !self.applied {
            return;
        }
        let environments = std::fs::read_dir(self.folder().join(".infra"));
        for environment in environments.into_iter().flatten().flatten() {
            let name = environment.file_name();
            let run = self.run(&["destroy", &name.to_string_lossy(), "--yes"]);
            // Servers that outlive their test would disturb the next ones, and nobody would know whose they are.
            if !std::thread::panicking() {
                let _ = run.expect(0);
            }
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder of the project") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_name() == ".infra" {
            continue;
        }
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
