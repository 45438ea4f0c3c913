//! Shapes with the values of their attributes, checked against the types of the tables.

use infra_model::component::SegmentRef;
use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::expression::{Expression, Reference};
use infra_model::value::{Attributes, Value};

use crate::evaluate::{Place, World};
use crate::language::ty::Type;
use crate::language::{AttributeSchema, BlockSchema, Default};
use crate::report::Failed;
use crate::shape::Shape;
use crate::syntax::Attribute;

mod blob_store;
pub(crate) mod component;
mod conform;
mod cycles;
mod key_vault;
mod lifecycle;
pub(crate) mod moved;
mod network;
pub(crate) mod parity;
mod postgres;
mod redis;
mod seed;
mod settings;
mod store;

/// A block with its values. A value that is wrong was reported; asking for it fails.
#[derive(Debug)]
pub(crate) struct Node<'n> {
    pub shape: &'n Shape<'n>,
    values: Vec<(&'static str, Result<Value, Failed>)>,
    pub blocks: Vec<Node<'n>>,
    /// The attributes of any name.
    pub free: Result<Attributes, Failed>,
}

impl World<'_> {
    /// Returns a block with the values of all its attributes, and of those of the blocks inside it.
    pub(crate) fn node<'n>(&'n self, shape: &'n Shape<'n>, place: &Place<'n>) -> Node<'n> {
        Node {
            blocks: shape.blocks.iter().map(|block| self.node(block, place)).collect(),
            free: self.free_attributes(shape, place),
            ..self.node_without_blocks(shape, place)
        }
    }

    /// Returns a block with the values of its own attributes alone.
    pub(crate) fn node_without_blocks<'n>(&'n self, shape: &'n Shape<'n>, place: &Place<'n>) -> Node<'n> {
        let mut values = Vec::new();
        for (schema, attribute) in &shape.attributes {
            if !is_read_elsewhere(schema) {
                values.push((schema.name, self.attribute_value(schema, attribute, place)));
            }
        }
        self.report_missing(shape, &values);
        Node {
            shape,
            values,
            blocks: Vec::new(),
            free: Ok(Attributes::new()),
        }
    }

    fn attribute_value<'n>(
        &'n self,
        schema: &AttributeSchema,
        attribute: &'n Attribute,
        place: &Place<'n>,
    ) -> Result<Value, Failed> {
        let value = self.value(&attribute.value, place)?;
        self.conform(schema, value, &attribute.value)
    }

    /// Reports the attributes that must be set and are not.
    pub(crate) fn report_missing(&self, shape: &Shape<'_>, values: &[(&'static str, Result<Value, Failed>)]) {
        if shape.broken {
            return;
        }
        let is_null = |name: &str| {
            values
                .iter()
                .any(|(found, value)| *found == name && matches!(value, Ok(Value::Null)))
        };
        for schema in shape.schema.all_attributes() {
            let is_required = schema.default == Default::Required;
            if is_required && (shape.attribute(schema.name).is_none() || is_null(schema.name)) {
                let detail = format!(
                    "`{}` needs `{}`: {}",
                    shape.schema.kind,
                    schema.name,
                    lower_first(schema.summary)
                );
                self.report.add(
                    Diagnostic::error("Missing attribute", detail)
                        .at(shape.span)
                        .hint(format!("Add `{} = …`, {}", schema.name, schema.ty.expected())),
                );
            }
        }
    }

    fn free_attributes<'n>(&'n self, shape: &'n Shape<'n>, place: &Place<'n>) -> Result<Attributes, Failed> {
        let mut values = Attributes::new();
        let mut result = Ok(());
        for attribute in &shape.free {
            match self.value(&attribute.value, place) {
                Ok(value) => {
                    values.insert(attribute.name.text.to_string(), value);
                }
                Err(failed) => result = Err(failed),
            }
        }
        result.map(|()| values)
    }
}

/// Tells whether an attribute is no ordinary value of its block.
fn is_read_elsewhere(schema: &AttributeSchema) -> bool {
    matches!(schema.ty, Type::Special(_)) || schema.name == "count"
}

/// Returns a text as it stands within a sentence; an abbreviation keeps its capitals.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().collect::<String>() + chars.as_str()
        }
        _ => text.to_owned(),
    }
}

impl Node<'_> {
    /// Returns the value of an attribute; nothing if it is not set.
    pub(crate) fn value(&self, name: &str) -> Result<Option<&Value>, Failed> {
        match self.values.iter().find(|(found, _)| *found == name) {
            None | Some((_, Ok(Value::Null))) => Ok(None),
            Some((_, Ok(value))) => Ok(Some(value)),
            Some((_, Err(failed))) => Err(*failed),
        }
    }

    /// Returns where the value of an attribute stands, or the block without it.
    pub(crate) fn span(&self, name: &str) -> Span {
        self.shape
            .attribute(name)
            .map_or(self.shape.span, |attribute| attribute.value.span)
    }

    fn default(&self, name: &str) -> Default {
        self.shape
            .schema
            .attribute(name)
            .map_or(Default::Required, |schema| schema.default)
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Failed> {
        match (self.value(name)?, self.default(name)) {
            (Some(value), _) => value.as_bool().ok_or(Failed),
            (None, Default::Bool(default)) => Ok(default),
            _ => Err(Failed),
        }
    }

    pub(crate) fn optional_flag(&self, name: &str) -> Result<Option<bool>, Failed> {
        self.value(name)?
            .map(|value| value.as_bool().ok_or(Failed))
            .transpose()
    }

    pub(crate) fn whole(&self, name: &str) -> Result<u32, Failed> {
        match (self.optional_whole(name)?, self.default(name)) {
            (Some(value), _) | (None, Default::Whole(value)) => Ok(value),
            _ => Err(Failed),
        }
    }

    pub(crate) fn optional_whole(&self, name: &str) -> Result<Option<u32>, Failed> {
        self.value(name)?
            .map(|value| whole(value).ok_or(Failed))
            .transpose()
    }

    pub(crate) fn text(&self, name: &str) -> Result<&str, Failed> {
        match (self.value(name)?, self.default(name)) {
            (Some(value), _) => value.as_str().ok_or(Failed),
            (None, Default::Text(default)) => Ok(default),
            _ => Err(Failed),
        }
    }

    /// Returns the elements of a list.
    pub(crate) fn list(&self, name: &str) -> Result<&[Value], Failed> {
        match self.value(name)? {
            Some(value) => value.as_list().ok_or(Failed),
            None if self.default(name) == Default::Empty => Ok(&[]),
            None => Err(Failed),
        }
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, Failed> {
        let elements = self.list(name)?.iter();
        elements
            .map(|value| value.as_str().map(str::to_owned).ok_or(Failed))
            .collect()
    }

    pub(crate) fn segment(&self, name: &str) -> Result<Option<SegmentRef>, Failed> {
        self.value(name)?
            .map(|value| segment(value).ok_or(Failed))
            .transpose()
    }

    /// Returns the blocks of a kind.
    pub(crate) fn blocks_of(&self, kind: &str) -> impl Iterator<Item = &Self> {
        self.blocks
            .iter()
            .filter(move |block| block.shape.schema.kind == kind)
    }

    /// Returns the blocks whose kind meets a condition.
    pub(crate) fn blocks_where(&self, test: impl Fn(&str) -> bool) -> impl Iterator<Item = &Self> {
        self.blocks
            .iter()
            .filter(move |block| test(block.shape.schema.kind))
    }

    /// Returns the block of a kind that occurs once.
    pub(crate) fn block(&self, kind: &str) -> Option<&Self> {
        self.blocks_of(kind).next()
    }
}

/// Returns the default of an attribute of a block that is left out.
fn default_whole(schema: &BlockSchema, name: &str) -> Result<u32, Failed> {
    match schema.attribute(name).map(|attribute| attribute.default) {
        Some(Default::Whole(value)) => Ok(value),
        _ => Err(Failed),
    }
}

/// Returns the default of an attribute of a block that is left out.
fn default_flag(schema: &BlockSchema, name: &str) -> Result<bool, Failed> {
    match schema.attribute(name).map(|attribute| attribute.default) {
        Some(Default::Bool(value)) => Ok(value),
        _ => Err(Failed),
    }
}

/// Returns the value as a small whole number.
pub(crate) fn whole(value: &Value) -> Option<u32> {
    value.as_int().and_then(|value| u32::try_from(value).ok())
}

/// Returns the segment that a value refers to.
pub(crate) fn segment(value: &Value) -> Option<SegmentRef> {
    let Value::Deferred(expression) = value else {
        return None;
    };
    match &**expression {
        Expression::Reference(Reference::Export { component, path, .. }) if component.kind() == "network" => {
            match path.as_slice() {
                [block, segment] if block == "segment" => Some(SegmentRef {
                    network: component.clone(),
                    segment: segment.clone(),
                }),
                _ => None,
            }
        }
        _ => None,
    }
}
