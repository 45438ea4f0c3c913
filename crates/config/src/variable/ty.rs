//! The types of variables, as stacks write them: `list(string)`, `object({ port = number })`.

use std::collections::BTreeMap;

use infra_model::diagnostic::Diagnostic;
use infra_model::sealing::Sealed;
use infra_model::value::{Attributes, Value};

use crate::evaluate::{Place, World, shown};
use crate::report::{Failed, suggestion, with_hint};
use crate::syntax::{Call, Expr, ExprKind};

/// What values a variable takes.
#[derive(Clone, Debug)]
pub(crate) enum VariableType {
    Any,
    String,
    Number,
    Bool,
    List(Box<VariableType>),
    Map(Box<VariableType>),
    Object(BTreeMap<String, Field>),
}

/// A field of an object.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    ty: VariableType,
    /// Its value where it is left out; nothing if it must not be.
    default: Option<Value>,
}

/// A value does not fit a type.
#[derive(Debug)]
pub(crate) struct Misfit {
    /// Where in the value: `[0].port`.
    pub path: String,
    expected: String,
    found: String,
    found_type: &'static str,
}

impl Misfit {
    fn new(expected: impl Into<String>, found: &Value) -> Self {
        Misfit {
            path: String::new(),
            expected: expected.into(),
            found: shown(found),
            found_type: found.type_name(),
        }
    }

    fn inside(mut self, part: &str) -> Self {
        self.path = format!("{part}{}", self.path);
        self
    }

    /// Says what was expected and found, the latter by its type alone if it is a secret.
    pub(crate) fn message(&self, is_secret: bool) -> String {
        match is_secret {
            true => format!("expected {}, found a {}", self.expected, self.found_type),
            false => format!("expected {}, found {}", self.expected, self.found),
        }
    }
}

impl VariableType {
    /// Names the type for people.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            VariableType::Any => "value",
            VariableType::String => "string",
            VariableType::Number => "number",
            VariableType::Bool => "bool",
            VariableType::List(_) => "list",
            VariableType::Map(_) => "map",
            VariableType::Object(_) => "object",
        }
    }

    /// Returns a value of this type whose texts and numbers are secrets that nobody sealed, so that nobody can open them.
    /// There is none where truth values or the number of elements would decide something.
    pub(super) fn imagined(&self) -> Option<Value> {
        match self {
            VariableType::Any | VariableType::String | VariableType::Number => {
                Some(Value::Sealed(Sealed::from_text(String::new())))
            }
            VariableType::Bool | VariableType::List(_) | VariableType::Map(_) => None,
            VariableType::Object(fields) => fields
                .iter()
                .map(|(name, field)| {
                    let value = field.default.clone().or_else(|| field.ty.imagined())?;
                    Some((name.clone(), value))
                })
                .collect::<Option<Attributes>>()
                .map(Value::Map),
        }
    }

    /// Returns the value with defaults of left-out fields filled in.
    pub(crate) fn convert(&self, value: Value) -> Result<Value, Misfit> {
        match (self, value) {
            (_, value @ (Value::Null | Value::Deferred(_)))
            | (VariableType::Any, value)
            | (VariableType::String, value @ (Value::String(_) | Value::Secret(_) | Value::Sealed(_)))
            | (VariableType::Number, value @ (Value::Number(_) | Value::Secret(_) | Value::Sealed(_)))
            | (VariableType::Bool, value @ Value::Bool(_)) => Ok(value),
            (VariableType::List(element), Value::List(values)) => values
                .into_iter()
                .enumerate()
                .map(|(at, value)| {
                    element
                        .convert(value)
                        .map_err(|misfit| misfit.inside(&format!("[{at}]")))
                })
                .collect::<Result<_, _>>()
                .map(Value::List),
            (VariableType::Map(element), Value::Map(entries)) => entries
                .into_iter()
                .map(|(key, value)| match element.convert(value) {
                    Ok(value) => Ok((key, value)),
                    Err(misfit) => Err(misfit.inside(&format!("[\"{key}\"]"))),
                })
                .collect::<Result<_, _>>()
                .map(Value::Map),
            (VariableType::Object(fields), Value::Map(entries)) => object(fields, entries),
            (_, value) => Err(Misfit::new(format!("a {}", self.name()), &value)),
        }
    }
}

fn object(fields: &BTreeMap<String, Field>, mut entries: Attributes) -> Result<Value, Misfit> {
    let mut made = Attributes::new();
    for (name, field) in fields {
        let value = match (entries.remove(name), &field.default) {
            (Some(value), _) if !value.is_null() => value,
            (Some(Value::Null) | None, Some(default)) => default.clone(),
            _ => {
                let mut misfit = Misfit::new(format!("a field `{name}`"), &Value::Null);
                misfit.found = "none".to_owned();
                return Err(misfit);
            }
        };
        let value = field
            .ty
            .convert(value)
            .map_err(|misfit| misfit.inside(&format!(".{name}")))?;
        made.insert(name.clone(), value);
    }
    match entries.into_iter().next() {
        None => Ok(Value::Map(made)),
        Some((extra, _)) => {
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            let mut misfit = Misfit::new(format!("only the fields {}", names.join(", ")), &Value::Null);
            misfit.found = format!("`{extra}`");
            Err(misfit)
        }
    }
}

const NAMES: &[&str] = &["string", "number", "bool", "any", "list", "map", "object"];

impl World<'_> {
    /// Returns the type that an expression writes.
    pub(crate) fn parse_type(&self, expression: &Expr) -> Result<VariableType, Failed> {
        let problem = match &expression.kind {
            ExprKind::Variable(name) => match &**name {
                "string" => return Ok(VariableType::String),
                "number" => return Ok(VariableType::Number),
                "bool" => return Ok(VariableType::Bool),
                "any" => return Ok(VariableType::Any),
                name => unknown_type(name),
            },
            ExprKind::Call(call) => match (&*call.name.text, call.arguments.as_slice()) {
                ("list", [element]) => {
                    return self
                        .parse_type(element)
                        .map(|element| VariableType::List(Box::new(element)));
                }
                ("map", [element]) => {
                    return self
                        .parse_type(element)
                        .map(|element| VariableType::Map(Box::new(element)));
                }
                ("object", [fields]) => return self.object_type(fields),
                ("list" | "map" | "object", _) => {
                    Diagnostic::error("Invalid type", format!("`{}` takes one argument", call.name.text))
                }
                (name, _) => unknown_type(name),
            },
            ExprKind::Literal(value) if value.as_str().is_some() => {
                Diagnostic::error("Invalid type", "A type is written without quotes")
                    .hint("Write `string`, not \"string\"")
            }
            _ => Diagnostic::error(
                "Invalid type",
                "Expected the name of a type, such as `string` or `list(number)`",
            ),
        };
        Err(self.report.fail(problem.at(expression.span)))
    }

    fn object_type(&self, expression: &Expr) -> Result<VariableType, Failed> {
        let ExprKind::Object(entries) = &expression.kind else {
            let diagnostic = Diagnostic::error("Invalid type", "`object` takes its fields in braces");
            let hint = "Write `object({ name = string, port = number })`";
            return Err(self.report.fail(diagnostic.at(expression.span).hint(hint)));
        };
        let mut fields = BTreeMap::new();
        let mut failed = false;
        for (key, value) in entries {
            let name = match &key.kind {
                ExprKind::Literal(name) => name.as_str().map(str::to_owned),
                _ => None,
            };
            match (name, self.field(value)) {
                (Some(name), Ok(field)) => {
                    fields.insert(name, field);
                }
                _ => failed = true,
            }
        }
        if failed {
            Err(Failed)
        } else {
            Ok(VariableType::Object(fields))
        }
    }

    fn field(&self, expression: &Expr) -> Result<Field, Failed> {
        match &expression.kind {
            ExprKind::Call(call) if &*call.name.text == "optional" => self.optional_field(call, expression),
            _ => Ok(Field {
                ty: self.parse_type(expression)?,
                default: None,
            }),
        }
    }

    fn optional_field(&self, call: &Call, whole: &Expr) -> Result<Field, Failed> {
        let (ty, default) = match call.arguments.as_slice() {
            [ty] => (ty, Value::Null),
            [ty, default] => (ty, self.value(default, &Place::CONSTANT)?),
            _ => {
                let diagnostic = Diagnostic::error(
                    "Invalid type",
                    "`optional` takes a type, and a default if there is one",
                );
                return Err(self.report.fail(diagnostic.at(whole.span)));
            }
        };
        Ok(Field {
            ty: self.parse_type(ty)?,
            default: Some(default),
        })
    }
}

fn unknown_type(name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("Invalid type", format!("There is no type `{name}`"));
    match name {
        "set" | "tuple" => diagnostic.hint("Write `list(…)`"),
        "optional" => diagnostic.hint("`optional` stands only within the fields of an `object`"),
        "int" | "integer" | "float" => diagnostic.hint("Write `number`"),
        "boolean" => diagnostic.hint("Write `bool`"),
        "text" | "str" => diagnostic.hint("Write `string`"),
        _ => with_hint(diagnostic, suggestion(name, "Types", NAMES.iter().copied())),
    }
}
