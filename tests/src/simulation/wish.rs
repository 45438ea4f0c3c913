//! What a simulated stack wants, and how the stack language writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::world::ENVIRONMENT;

/// What a stack wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The components by label.
    pub pieces: BTreeMap<String, Piece>,
    /// Components with a new name: kind, old label, new label.
    pub moved: Vec<(Kind, String, String)>,
    /// Values of the secret variables.
    pub secrets: BTreeMap<String, String>,
}

/// A component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: Kind,
    /// The network in whose first segment it stands.
    pub network: Option<String>,
    /// The postgres whose password it is given.
    pub source: Option<String>,
    /// A component that must be there first.
    pub after: Option<String>,
    /// How many parts it has beyond its main object: segments, replicas and roles, secrets.
    pub parts: u32,
    /// How many of it there are, where there may be several.
    pub count: Option<u32>,
    /// Changes in place.
    pub size: Option<u32>,
    /// Changes with a restart.
    pub mode: Option<u32>,
    /// Changes by a replacement.
    pub zone: Option<u32>,
    /// A label, compared by key.
    pub label: Option<u32>,
    /// The secret variable that is its password.
    pub password: Option<String>,
    /// Whether it may not be deleted.
    pub protect: bool,
    /// Whether a replacement is created first.
    pub create_first: Option<bool>,
}

/// A kind of component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A network of segments: tagged objects, and rules told apart by content.
    Network,
    /// A named object, with named replicas and roles by token that are given its secret.
    Postgres,
    /// An object by token.
    Redis,
    /// A named object.
    BlobStore,
    /// A named object, with secrets by token.
    KeyVault,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 5] = [
        Kind::Network,
        Kind::Postgres,
        Kind::Redis,
        Kind::BlobStore,
        Kind::KeyVault,
    ];

    /// Returns the kind as the stack language writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Network => "network",
            Kind::Postgres => "postgres",
            Kind::Redis => "redis",
            Kind::BlobStore => "blob_store",
            Kind::KeyVault => "key_vault",
        }
    }
}

impl Wish {
    /// Tells whether something in it is protected.
    #[must_use]
    pub fn protects(&self) -> bool {
        self.pieces.values().any(|piece| piece.protect)
    }

    /// Returns the labels of all components that it protects, those that they had before included.
    #[must_use]
    pub fn protected(&self) -> BTreeSet<&str> {
        let is_protected = |label: &str| self.pieces.get(label).is_some_and(|piece| piece.protect);
        let now = self.pieces.keys().filter(|label| is_protected(label));
        let before = self.moved.iter().filter(|(_, _, to)| is_protected(to));
        now.chain(before.map(|(_, from, _)| from))
            .map(String::as_str)
            .collect()
    }

    /// Returns the name of a component as commands and references write it.
    ///
    /// # Panics
    ///
    /// When there is no such component.
    #[must_use]
    pub fn name(&self, label: &str) -> String {
        format!("{}.{label}", self.pieces[label].kind.word())
    }

    /// Returns the overlay of the environment.
    #[must_use]
    pub fn overlay() -> String {
        format!(
            "environment \"{ENVIRONMENT}\" {{\n  provider \"sim\" {{\n    account = \"account\"\n  }}\n}}\n"
        )
    }

    /// Returns the text of the stack.
    #[must_use]
    pub fn stack(&self) -> String {
        let mut text = String::from("stack {\n  name = \"simulated\"\n}\n");
        for name in self.secrets.keys() {
            let _ = write!(
                text,
                "\nvariable \"{name}\" {{\n  type   = string\n  secret = true\n}}\n"
            );
        }
        for (label, piece) in &self.pieces {
            let _ = write!(text, "\n{} \"{label}\" {{\n", piece.kind.word());
            for line in self.lines(piece) {
                let _ = writeln!(text, "  {line}");
            }
            text.push_str("}\n");
        }
        for (kind, from, to) in &self.moved {
            let kind = kind.word();
            let _ = write!(
                text,
                "\nmoved {{\n  from = {kind}.{from}\n  to   = {kind}.{to}\n}}\n"
            );
        }
        text
    }

    fn lines(&self, piece: &Piece) -> Vec<String> {
        let mut lines = self.own(piece);
        if let Some(network) = piece.network.as_ref().filter(|_| piece.kind.has_segment()) {
            lines.push(format!("segment = network.{network}.segment.s0"));
        }
        if let Some(count) = piece.count {
            lines.push(format!("count = {count}"));
        }
        if let Some(after) = &piece.after {
            lines.push(format!("depends_on = [{}]", self.name(after)));
        }
        if piece.protect {
            lines.push("protect = true".to_owned());
        }
        if let Some(create_first) = piece.create_first {
            lines.push(format!(
                "lifecycle {{\n create_before_destroy = {create_first}\n}}"
            ));
        }
        lines.extend(piece.settings());
        lines
    }

    /// Returns what only this kind has.
    fn own(&self, piece: &Piece) -> Vec<String> {
        let parts = 0..piece.parts;
        match piece.kind {
            Kind::Network => {
                let mut lines = vec![
                    "cidr = \"10.0.0.0/16\"".to_owned(),
                    "segment \"s0\" {}".to_owned(),
                ];
                for part in parts {
                    lines.push(format!("segment \"s{}\" {{\n public = true\n}}", part + 1));
                    let port = 5000 + part;
                    lines.push(format!(
                        "allow {{\n from = \"internet\"\n to = \"s{part}\"\n ports = [{port}]\n}}"
                    ));
                }
                lines
            }
            Kind::Postgres => {
                let mut lines = vec![format!("replicas = {}", piece.parts / 2)];
                let roles = parts.filter(|part| part % 2 == 0);
                lines.extend(roles.map(|part| format!("role \"r{part}\" {{\n access = \"read\"\n}}")));
                lines
            }
            Kind::KeyVault => {
                let mut lines: Vec<String> = parts
                    .map(|part| format!("secret \"g{part}\" {{\n generate {{\n length = 20\n}}\n}}"))
                    .collect();
                let given = piece.password.iter();
                lines.extend(given.map(|name| format!("secret \"given\" {{\n value = var.{name}\n}}")));
                let taken = piece.source.iter();
                lines.extend(
                    taken.map(|label| format!("secret \"taken\" {{\n value = postgres.{label}.password\n}}")),
                );
                lines
            }
            Kind::Redis | Kind::BlobStore => Vec::new(),
        }
    }
}

impl Kind {
    fn has_segment(self) -> bool {
        matches!(self, Kind::Postgres | Kind::Redis)
    }
}

impl Piece {
    /// Returns a component of this kind with nothing set.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Piece {
            kind,
            network: None,
            source: None,
            after: None,
            parts: 0,
            count: None,
            size: None,
            mode: None,
            zone: None,
            label: None,
            password: None,
            protect: false,
            create_first: None,
        }
    }

    /// Returns the block of the simulated provider.
    fn settings(&self) -> Vec<String> {
        let mut settings = Vec::new();
        settings.extend(self.size.map(|size| format!("size = {size}")));
        settings.extend(self.mode.map(|mode| format!("mode = \"mode {mode}\"")));
        settings.extend(self.zone.map(|zone| format!("zone = \"zone {zone}\"")));
        settings.extend(
            self.label
                .map(|label| format!("labels = {{\n team = \"team {label}\"\n}}")),
        );
        if self.kind != Kind::KeyVault {
            match (&self.source, &self.password) {
                (Some(label), _) => settings.push(format!("password = postgres.{label}.password")),
                (None, Some(name)) => settings.push(format!("password = var.{name}")),
                (None, None) => {}
            }
        }
        if settings.is_empty() {
            return Vec::new();
        }
        vec![format!("sim {{\n{}\n}}", settings.join("\n"))]
    }
}
