//! Reads all files of a stack: its folder, its environments, and the folders of its modules.

use std::collections::BTreeMap;

use infra_model::diagnostic::{Diagnostic, SourceId, SourceMap, Span};

use crate::files::{FileError, Files, unreadable};
use crate::language::rule::Rule;
use crate::seeds::{SeedTexts, seed_files};
use crate::syntax::{Block, Body, ExprKind, parse};

mod clear;
mod unparsed;

/// The file that makes a folder a stack.
pub const STACK_FILE: &str = "stack.hcl";
/// The folder of the overlays.
pub const OVERLAY_FOLDER: &str = "env";

/// All files of a stack, parsed.
#[derive(Debug)]
pub struct Parsed {
    /// The texts, for showing diagnostics.
    pub sources: SourceMap,
    /// The files of each folder by its path; the stack's own is the empty path.
    pub(crate) folders: BTreeMap<String, Vec<ParsedFile>>,
    /// The files of the environments.
    pub(crate) overlays: Vec<ParsedFile>,
    /// The files of SQL that seeds name, by their paths.
    pub(crate) seeds: SeedTexts,
    /// What is wrong with the files themselves.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// A file and its tree.
#[derive(Debug)]
pub(crate) struct ParsedFile {
    pub path: String,
    pub source: SourceId,
    pub body: Body,
}

/// Reads and parses all files of a stack. What is wrong with them is in the result.
#[must_use]
pub fn load(files: &dyn Files) -> Parsed {
    let mut parsed = Parsed {
        sources: SourceMap::default(),
        folders: BTreeMap::new(),
        overlays: Vec::new(),
        seeds: SeedTexts::new(),
        diagnostics: Vec::new(),
    };
    let Some(names) = parsed.stack_files(files) else {
        return parsed;
    };
    let stack = parsed.read_all(files, "", names);
    let mut open = modules(&stack, "");
    parsed.folders.insert(String::new(), stack);
    parsed.overlays = match files.list(OVERLAY_FOLDER) {
        Ok(names) => parsed.read_all(files, OVERLAY_FOLDER, hcl_only(names)),
        Err(error) => {
            parsed.no_overlays(error);
            Vec::new()
        }
    };
    while let Some((folder, span)) = open.pop() {
        if parsed.folders.contains_key(&folder) {
            continue;
        }
        let module = match files.list(&folder).map(hcl_only) {
            Ok(names) if !names.is_empty() => parsed.read_all(files, &folder, names),
            _ => {
                let detail = format!("There is no folder `{folder}` with files `*.hcl`");
                parsed
                    .diagnostics
                    .push(Diagnostic::error("Module not found", detail).at(span));
                Vec::new()
            }
        };
        open.extend(modules(&module, &folder));
        parsed.folders.insert(folder, module);
    }
    clear::conceal(&mut parsed);
    parsed.seeds = seed_files(&mut parsed, files);
    parsed
}

impl Parsed {
    /// Returns the names of the stack's own files, nothing if this is no stack.
    fn stack_files(&mut self, files: &dyn Files) -> Option<Vec<String>> {
        let diagnostic = match files.list("") {
            Ok(names) => {
                let mut names = hcl_only(names);
                if let Some(at) = names.iter().position(|name| name == STACK_FILE) {
                    names[..=at].rotate_right(1); // people look for a name there first
                    return Some(names);
                }
                Diagnostic::error("Not a stack", format!("This folder holds no file `{STACK_FILE}`"))
                    .hint("Name a stack's folder with -C, or start one with: infra init")
            }
            Err(FileError::Missing) => {
                Diagnostic::error("Not a stack", "The folder of the stack does not exist")
                    .hint("Name a stack's folder with -C, or start one with: infra init")
            }
            Err(error) => unreadable(".", error, &mut self.sources),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    fn no_overlays(&mut self, error: FileError) {
        let diagnostic = match error {
            FileError::Missing => return, // a stack without environments is said where one is asked for
            error => unreadable(OVERLAY_FOLDER, error, &mut self.sources),
        };
        self.diagnostics.push(diagnostic);
    }

    fn read_all(&mut self, files: &dyn Files, folder: &str, names: Vec<String>) -> Vec<ParsedFile> {
        let paths = names.into_iter().map(|name| {
            if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            }
        });
        paths.filter_map(|path| self.read(files, path)).collect()
    }

    fn read(&mut self, files: &dyn Files, path: String) -> Option<ParsedFile> {
        match files.read(&path) {
            Ok(text) => {
                let source = self.sources.add(path.as_str(), text.as_str());
                let before = self.diagnostics.len();
                let body = parse(source, &text, &mut self.diagnostics);
                if self.diagnostics.len() > before {
                    conceal_unparsed(&mut self.sources, source, &text);
                }
                Some(ParsedFile { path, source, body })
            }
            Err(error) => {
                let diagnostic = unreadable(&path, error, &mut self.sources);
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }
}

/// Conceals the secrets of a file that does not parse: no tree says where they stand.
pub fn conceal_unparsed(sources: &mut SourceMap, source: SourceId, text: &str) {
    for secret in unparsed::secrets(text) {
        sources.conceal(Span {
            source,
            start: secret.start as u32,
            end: secret.end as u32,
        });
    }
}

fn hcl_only(names: Vec<String>) -> Vec<String> {
    names
        .into_iter()
        .filter(|name| name.ends_with(".hcl") && !name.starts_with('.'))
        .collect()
}

/// Returns the folders of the modules that these files name, and where.
fn modules(files: &[ParsedFile], folder: &str) -> Vec<(String, Span)> {
    files
        .iter()
        .flat_map(|file| &file.body.blocks)
        .filter_map(source_of)
        .map(|(source, span)| (resolve(folder, source), span))
        .collect()
}

/// Returns what a module block names as its source, if it does so plainly.
pub(crate) fn source_of(block: &Block) -> Option<(&str, Span)> {
    let source = block
        .body
        .attributes
        .iter()
        .find(|attribute| &*attribute.name.text == "source")?;
    match &source.value.kind {
        ExprKind::Literal(value) if &*block.kind.text == "module" => {
            let folder = value
                .as_str()
                .filter(|folder| Rule::Folder.fault(folder).is_none())?;
            Some((folder, source.value.span))
        }
        _ => None,
    }
}

/// Returns the path of a folder named relative to another, both relative to the stack's.
pub(crate) fn resolve(folder: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
