//! What a text means, for the comparison of before and after.

use hcl_edit::expr::{Array, FuncArgs, Object};
use hcl_edit::parser::{self, Error};
use hcl_edit::structure::Body;
use hcl_edit::visit_mut::{self, VisitMut};

/// Returns the text's syntax tree without the white space that the parser's own comparison would look at: that
/// before closing brackets.
pub(super) fn parse(text: &str) -> Result<Body, Error> {
    let mut body = parser::parse_body(text)?;
    Tighten.visit_body_mut(&mut body);
    Ok(body)
}

struct Tighten;

impl VisitMut for Tighten {
    fn visit_array_mut(&mut self, array: &mut Array) {
        array.set_trailing("");
        visit_mut::visit_array_mut(self, array);
    }

    fn visit_object_mut(&mut self, object: &mut Object) {
        object.set_trailing("");
        visit_mut::visit_object_mut(self, object);
    }

    fn visit_func_args_mut(&mut self, arguments: &mut FuncArgs) {
        arguments.set_trailing("");
        visit_mut::visit_func_args_mut(self, arguments);
    }
}
