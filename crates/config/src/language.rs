//! The words of the stack language as data: every block and attribute with its type, default and meaning.
//!
//! The checker, the conversion to typed components and the reference page all read these tables, so that they
//! cannot disagree.

pub mod component;
pub mod environment;
pub mod parity;
pub mod reference;
pub mod rule;
pub mod settings;
pub mod stack;
pub mod store;
pub mod ty;

use crate::language::rule::Rule;
use crate::language::ty::Type;

/// A kind of block.
#[derive(Debug)]
pub struct BlockSchema {
    /// The word it starts with; the kind of file for a file's outermost level.
    pub kind: &'static str,
    /// What it is, in one sentence.
    pub summary: &'static str,
    /// What its label names, if it has one.
    pub label: Option<LabelSchema>,
    /// How many of it there may be.
    pub occurs: Occurs,
    /// Its attributes.
    pub attributes: &'static [AttributeSchema],
    /// The blocks inside it.
    pub blocks: &'static [BlockSchema],
    /// Attributes and blocks that it shares with others.
    pub shared: Option<&'static BlockSchema>,
    /// What it holds for each word that its label may be, where the label decides that. Then it holds nothing of
    /// its own.
    pub variants: &'static [Variant],
    /// What further attributes are, if any name is allowed.
    pub free: Option<&'static str>,
}

/// What a block holds when its label is this word.
#[derive(Debug)]
pub struct Variant {
    /// The word.
    pub word: &'static str,
    /// What the block holds then.
    pub schema: BlockSchema,
}

/// The label of a block.
#[derive(Debug)]
pub struct LabelSchema {
    /// What it names.
    pub names: &'static str,
    /// What it may look like.
    pub rule: Rule,
}

/// How many blocks of a kind there may be in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurs {
    /// One or none. An overlay's is merged into it.
    Once,
    /// Any number, told apart by their labels. An overlay's is merged into the one with its label.
    Labelled,
    /// Any number, in order. An overlay's are appended.
    Repeated,
}

/// An attribute of a block.
#[derive(Debug)]
pub struct AttributeSchema {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub summary: &'static str,
    /// What values it takes.
    pub ty: Type,
    /// What holds when it is not set.
    pub default: Default,
    /// When its value must be known.
    pub timing: Timing,
}

/// What holds when an attribute is not set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// It must be set.
    Required,
    /// Nothing; the text says what that means.
    Unset(&'static str),
    /// This truth value.
    Bool(bool),
    /// This number.
    Whole(u32),
    /// This text.
    Text(&'static str),
    /// No elements.
    Empty,
}

/// When the value of an attribute must be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Before the plan is made; it shapes the plan, so it is no secret either.
    Plan,
    /// Only when it is applied; it may be a secret and may come from another component.
    Apply,
    /// When the stack is read, because it says where the state is; it may be a secret.
    Read,
}

impl BlockSchema {
    /// A block without anything, to be filled in.
    pub const EMPTY: BlockSchema = BlockSchema {
        kind: "",
        summary: "",
        label: None,
        occurs: Occurs::Once,
        attributes: &[],
        blocks: &[],
        shared: None,
        variants: &[],
        free: None,
    };

    /// Returns all its attributes, its own first.
    pub fn all_attributes(&self) -> impl Iterator<Item = &'static AttributeSchema> + Clone {
        let shared = self.shared.map_or(&[][..], |shared| shared.attributes);
        self.attributes.iter().chain(shared)
    }

    /// Returns all blocks that may stand inside it, its own first.
    pub fn all_blocks(&self) -> impl Iterator<Item = &'static BlockSchema> + Clone {
        let shared = self.shared.map_or(&[][..], |shared| shared.blocks);
        self.blocks.iter().chain(shared)
    }

    /// Returns the attribute with this name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'static AttributeSchema> {
        self.all_attributes().find(|attribute| attribute.name == name)
    }

    /// Returns the block of this kind.
    #[must_use]
    pub fn block(&self, kind: &str) -> Option<&'static BlockSchema> {
        self.all_blocks().find(|block| block.kind == kind)
    }

    /// Returns what it holds when this is its label.
    #[must_use]
    pub fn variant(&self, word: &str) -> Option<&'static BlockSchema> {
        let found = self.variants.iter().find(|variant| variant.word == word);
        found.map(|variant| &variant.schema)
    }

    /// Returns the words of its variants.
    pub fn words(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.variants.iter().map(|variant| variant.word)
    }
}

impl AttributeSchema {
    /// Returns an attribute that must be known when the plan is made.
    pub(crate) const fn new(name: &'static str, ty: Type, default: Default, summary: &'static str) -> Self {
        AttributeSchema {
            name,
            summary,
            ty,
            default,
            timing: Timing::Plan,
        }
    }

    /// Returns it as one whose value may be a secret or known only when it is applied.
    pub(crate) const fn known_later(self) -> Self {
        AttributeSchema {
            timing: Timing::Apply,
            ..self
        }
    }

    /// Returns it as one whose value may be a secret but is known when the stack is read.
    pub(crate) const fn maybe_secret(self) -> Self {
        AttributeSchema {
            timing: Timing::Read,
            ..self
        }
    }
}
