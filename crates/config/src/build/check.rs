//! Checks the names in every expression of a stack and its modules.

use crate::evaluate::{Place, World};
use crate::language::ty::Type;
use crate::names::Context;
use crate::shape::Shape;

impl World<'_> {
    /// Reports every name that is not declared, in all scopes.
    pub(super) fn check_all_names(&self) {
        for (at, scope) in self.scopes.iter().enumerate() {
            let here = Context::Scope {
                scope: at,
                component: None,
            };
            let declared = &scope.declarations;
            if let Some(store) = &declared.store {
                self.check_shape_names(store, here);
            }
            if let Some(parity) = &declared.parity {
                self.check_shape_names(parity, Context::Shared("An exception"));
            }
            declared
                .settings
                .values()
                .for_each(|settings| self.check_shape_names(settings, here));
            declared
                .locals
                .values()
                .for_each(|local| self.check_names(&local.value, here));
            declared
                .outputs
                .values()
                .for_each(|output| self.check_shape_names(output, here));
            for module in declared.modules.values() {
                module
                    .free
                    .iter()
                    .for_each(|argument| self.check_names(&argument.value, here));
            }
            declared
                .variables
                .values()
                .for_each(|variable| self.check_variable(variable, here));
            declared
                .components
                .values()
                .for_each(|component| self.check_component(component, at));
        }
    }

    fn check_variable(&self, variable: &Shape<'_>, here: Context<'_>) {
        for (schema, attribute) in &variable.attributes {
            if !matches!(schema.ty, Type::Special(_)) {
                self.check_names(&attribute.value, Context::Constant("A variable"));
            }
        }
        for validation in &variable.blocks {
            self.check_shape_names(validation, here);
            self.report_missing(validation, &[]);
        }
        // Types of its other attributes; their values are asked for one by one.
        let _ = self.node_without_blocks(variable, &Place::CONSTANT);
    }

    fn check_component(&self, component: &Shape<'_>, scope: usize) {
        let inside = Context::Scope {
            scope,
            component: Some(component),
        };
        let outside = Context::Scope {
            scope,
            component: None,
        };
        for (schema, attribute) in &component.attributes {
            let decides = matches!(schema.name, "for_each" | "count");
            self.check_names(&attribute.value, if decides { outside } else { inside });
        }
        component
            .blocks
            .iter()
            .for_each(|block| self.check_shape_names(block, inside));
    }

    /// Reports every name that is not declared in a block and those inside it.
    pub(super) fn check_shape_names(&self, block: &Shape<'_>, context: Context<'_>) {
        block
            .attributes
            .iter()
            .for_each(|(_, attribute)| self.check_names(&attribute.value, context));
        block
            .free
            .iter()
            .for_each(|attribute| self.check_names(&attribute.value, context));
        block
            .blocks
            .iter()
            .for_each(|inner| self.check_shape_names(inner, context));
    }
}
