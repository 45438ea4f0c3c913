//! Values from outside the stack: text of the command line, read according to the variable's type.

use infra_model::diagnostic::SourceId;
use infra_model::value::Value;

use super::ty::VariableType;
use crate::evaluate::{Place, World};
use crate::report::Report;
use crate::syntax::{Expr, parse, walk};
use crate::variable::Given;

impl World<'_> {
    /// Returns the value that a text from outside stands for, or what is wrong with it. The text, which may be a
    /// secret, is never part of that.
    pub(super) fn read(&self, given: &Given, ty: &VariableType) -> Result<Value, String> {
        let text = given.text.expose();
        match ty {
            VariableType::String => Ok(Value::string(text)),
            VariableType::Any => Ok(self.constant(text).unwrap_or_else(|_| Value::string(text))),
            _ => self.constant(text),
        }
    }

    fn constant(&self, text: &str) -> Result<Value, String> {
        let mut problems = Vec::new();
        let body = parse(SourceId(u32::MAX), &format!("value = {text}\n"), &mut problems);
        let [attribute] = body.attributes.as_slice() else {
            return Err("it cannot be read".to_owned());
        };
        if !problems.is_empty() || !body.blocks.is_empty() {
            return Err("it cannot be read".to_owned());
        }
        if refers(&attribute.value) {
            return Err("it refers to something; write texts inside it in quotes".to_owned());
        }
        // Its own report: a message could show the text.
        let world = World {
            seeds: None,
            report: Report::default(),
            scopes: Vec::new(),
            inputs: std::collections::BTreeMap::new(),
            environment: self.environment,
            stack: String::new(),
            missing: self.missing,
            steps: std::cell::Cell::new(0),
        };
        let value = world.value(&attribute.value, &Place::CONSTANT);
        value.map_err(|_| "it cannot be evaluated".to_owned())
    }
}

fn refers(expression: &Expr) -> bool {
    let mut any = false;
    walk(expression, &mut |_| any = true);
    any
}
