//! The space between two tokens of a line.

use crate::format::token::{Kind, Token};

/// Tells whether a space stands between two neighbours.
pub(super) fn is_spaced(left: &Token<'_>, right: &Token<'_>) -> bool {
    let as_it_was = right.spaced;
    if left.kind == Kind::InlineComment || right.kind == Kind::InlineComment {
        return as_it_was;
    }
    if touches(left) || touches(right) {
        // Beside a number a dot could become a decimal point.
        return as_it_was && (left.kind == Kind::Number || right.kind == Kind::Number);
    }
    if right.is(",") || right.is("...") || left.is("(") || left.is("[") || right.is(")") || right.is("]") {
        return false;
    }
    if left.is("{") || right.is("}") {
        return !(left.is("{") && right.is("}"));
    }
    if left.text == "for" && right.kind != Kind::Word {
        return as_it_was; // a name like any other here, but not if a space follows it
    }
    if (right.is("(") || right.is("[")) && left.ends_value() {
        return left.is_for_word() && as_it_was;
    }
    left.kind != Kind::Prefix
}

/// Tells whether the token joins its neighbours without spaces.
fn touches(token: &Token<'_>) -> bool {
    token.is(".") || token.is("::")
}
