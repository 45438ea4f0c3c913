//! Random stacks, and what people do to them between two runs.

use super::wish::{Kind, Piece, Wish};

/// Makes stacks and edits of a seed.
#[derive(Debug)]
pub struct Author {
    random: fastrand::Rng,
    labels: u32,
    secrets: u32,
    pieces_max: usize,
}

/// What somebody does to a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The stack afterwards.
    pub wish: Wish,
    /// What was done, for people.
    pub what: String,
    /// What the first run is asked for.
    pub ask: Ask,
}

/// What a run is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ask {
    /// To do what the stack wants.
    #[default]
    Apply,
    /// To do it for this component and what it needs, before the rest.
    Target(String),
    /// To do it for everything but this component, before that.
    Exclude(String),
    /// To make this component anew, too.
    Replace(String),
    /// To give the generated secrets of this component new values.
    Rotate(String),
    /// To take what is seen into the state first.
    Refresh,
    /// To delete everything.
    Destroy,
}

impl Ask {
    /// Returns what the runs after the first one are asked for.
    #[must_use]
    pub fn again(&self) -> &Ask {
        match self {
            Ask::Destroy => &Ask::Destroy,
            _ => &Ask::Apply,
        }
    }
}

impl Author {
    /// Returns the author of a seed, whose stacks have so many components at most.
    #[must_use]
    pub fn new(seed: u64, pieces_max: usize) -> Self {
        Author {
            random: fastrand::Rng::with_seed(seed),
            labels: 0,
            secrets: 0,
            pieces_max: pieces_max.max(1),
        }
    }

    /// Returns a new stack.
    pub fn stack(&mut self) -> Edit {
        let mut wish = Wish::default();
        for _ in 0..self.random.usize(1..=self.pieces_max) {
            self.add(&mut wish);
        }
        let what = format!("a stack of {}", wish.pieces.len());
        Edit {
            wish,
            what,
            ask: Ask::Apply,
        }
    }

    /// Edits a stack.
    pub fn edit(&mut self, before: &Wish) -> Edit {
        let mut wish = before.clone();
        // Whoever has read that something moved once need not read it again.
        wish.moved.clear();
        if let Some(rotation) = self.rotation(&wish) {
            return rotation;
        }
        let mut what: Vec<String> = Vec::new();
        for _ in 0..self.random.u32(1..=3) {
            what.push(self.change(&mut wish));
        }
        // What a protection may refuse is asked for in one piece, so that it is done as a whole or not at all.
        let ask = match before.protects() || wish.protects() {
            true => Ask::Apply,
            false => self.ask(&wish),
        };
        let what = format!("{} ({ask:?})", what.join(", "));
        Edit { wish, what, ask }
    }

    /// Returns the same stack with a request to rotate, which nothing else may come with.
    fn rotation(&mut self, wish: &Wish) -> Option<Edit> {
        if self.random.u32(0..8) != 0 {
            return None;
        }
        let vaults = wish
            .pieces
            .iter()
            .filter(|(_, piece)| piece.kind == Kind::KeyVault && piece.parts > 0);
        let labels: Vec<&String> = vaults.map(|(label, _)| label).collect();
        let label = self.random.choice(labels)?;
        let name = wish.name(label);
        Some(Edit {
            wish: wish.clone(),
            what: format!("rotate {name}"),
            ask: Ask::Rotate(name),
        })
    }

    fn ask(&mut self, wish: &Wish) -> Ask {
        let Some(label) = self.any(wish) else {
            return Ask::Apply;
        };
        let name = wish.name(&label);
        match self.random.u32(0..12) {
            0 => Ask::Target(name),
            1 => Ask::Exclude(name),
            2 => Ask::Replace(name),
            3 => Ask::Refresh,
            _ => Ask::Apply,
        }
    }

    fn change(&mut self, wish: &mut Wish) -> String {
        let Some(label) = self.any(wish) else {
            return self.add(wish);
        };
        match self.random.u32(0..16) {
            0 | 1 if wish.pieces.len() < self.pieces_max => self.add(wish),
            2 | 3 => self.remove(wish, &label),
            4 => self.rename(wish, &label),
            5 => self.secret(wish),
            number => self.alter(wish, &label, number),
        }
    }

    fn any(&mut self, wish: &Wish) -> Option<String> {
        self.random.choice(wish.pieces.keys()).cloned()
    }

    fn add(&mut self, wish: &mut Wish) -> String {
        let kind = Kind::ALL[self.random.usize(0..Kind::ALL.len())];
        let mut piece = Piece::new(kind);
        piece.network = self.of_kind(wish, Kind::Network);
        let source = self.of_kind(wish, Kind::Postgres).filter(|_| self.random.bool());
        // A network that waits for something deleted first is deleted first too, while others stand on it.
        piece.source = source.filter(|_| kind != Kind::Network);
        let after = self.any(wish).filter(|_| self.random.u32(0..4) == 0);
        piece.after = after.filter(|_| kind != Kind::Network);
        piece.parts = self.random.u32(0..3);
        piece.count = (kind == Kind::BlobStore).then(|| self.random.u32(0..3));
        piece.size = self.maybe(2);
        piece.mode = self.maybe(3);
        piece.zone = self.maybe(3);
        piece.label = self.maybe(4);
        piece.password = (self.random.u32(0..3) == 0).then(|| self.new_secret(wish));
        piece.protect = self.random.u32(0..12) == 0;
        piece.create_first = self.create_first(kind);
        let label = self.label();
        let what = format!("add {} {label}", kind.word());
        wish.pieces.insert(label, piece);
        what
    }

    /// A name can be used once at a time, so what is told apart by its name cannot be created first; and a network
    /// on which others stand cannot be deleted first.
    fn create_first(&mut self, kind: Kind) -> Option<bool> {
        let (asked, first) = (self.random.u32(0..3) == 0, self.random.bool());
        match kind {
            Kind::Redis if asked => Some(first),
            Kind::Network if asked && first => Some(true),
            _ => None,
        }
    }

    fn maybe(&mut self, one_in: u32) -> Option<u32> {
        (self.random.u32(0..one_in) == 0).then(|| self.random.u32(1..6))
    }

    fn of_kind(&mut self, wish: &Wish, kind: Kind) -> Option<String> {
        let of_kind = wish.pieces.iter().filter(|(_, piece)| piece.kind == kind);
        let labels: Vec<&String> = of_kind.map(|(label, _)| label).collect();
        self.random.choice(labels).cloned()
    }

    fn remove(&mut self, wish: &mut Wish, label: &str) -> String {
        wish.pieces.remove(label);
        for piece in wish.pieces.values_mut() {
            for link in [&mut piece.network, &mut piece.source, &mut piece.after] {
                link.take_if(|of| of == label);
            }
        }
        wish.moved.retain(|(_, _, to)| to != label);
        format!("remove {label}")
    }

    fn rename(&mut self, wish: &mut Wish, label: &str) -> String {
        let Some(piece) = wish.pieces.remove(label) else {
            return String::new();
        };
        let new = self.label();
        let kind = piece.kind;
        wish.pieces.insert(new.clone(), piece);
        for piece in wish.pieces.values_mut() {
            for link in [&mut piece.network, &mut piece.source, &mut piece.after] {
                if link.as_deref() == Some(label) {
                    *link = Some(new.clone());
                }
            }
        }
        match wish.moved.iter_mut().find(|(_, _, to)| to == label) {
            Some((_, _, to)) => to.clone_from(&new),
            // What was added in this very edit has no old name.
            None => wish.moved.push((kind, label.to_owned(), new.clone())),
        }
        format!("rename {label} to {new}")
    }

    fn secret(&mut self, wish: &mut Wish) -> String {
        let names: Vec<String> = wish.secrets.keys().cloned().collect();
        let Some(name) = self.random.choice(names) else {
            return self.add(wish);
        };
        let value = self.new_value();
        wish.secrets.insert(name.clone(), value);
        format!("give {name} another value")
    }

    fn alter(&mut self, wish: &mut Wish, label: &str, number: u32) -> String {
        let (new, password) = (self.random.u32(1..6), self.new_secret(wish));
        let create_first = self.create_first(wish.pieces[label].kind);
        let Some(piece) = wish.pieces.get_mut(label) else {
            return String::new();
        };
        let what = match number {
            6 => {
                piece.mode = (new != 5).then_some(new);
                "mode"
            }
            7 | 8 => {
                piece.zone = Some(new);
                "zone"
            }
            9 => {
                piece.label = (new != 5).then_some(new);
                "label"
            }
            10 | 11 => {
                piece.parts = new % 4;
                "parts"
            }
            12 => {
                piece.protect = !piece.protect;
                "protect"
            }
            13 => {
                piece.password = Some(password);
                "password"
            }
            14 if piece.kind == Kind::BlobStore => {
                piece.count = Some(new % 4);
                "count"
            }
            15 => {
                piece.create_first = create_first;
                "create first"
            }
            _ => {
                piece.size = (new != 5).then_some(new);
                "size"
            }
        };
        format!("{what} of {label}")
    }

    fn new_secret(&mut self, wish: &mut Wish) -> String {
        let name = format!("secret_{}", self.random.u32(0..4));
        if !wish.secrets.contains_key(&name) {
            let value = self.new_value();
            wish.secrets.insert(name.clone(), value);
        }
        name
    }

    fn new_value(&mut self) -> String {
        self.secrets += 1;
        format!("hunter{}-{:08x}", self.secrets, self.random.u32(..))
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("c{:03}", self.labels)
    }
}
