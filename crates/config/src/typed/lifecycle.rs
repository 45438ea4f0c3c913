//! `lifecycle`, `protect` and `depends_on`.

use std::collections::BTreeSet;

use infra_model::address::ComponentAddress;
use infra_model::component::Lifecycle;
use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::expression::{Expression, Reference};
use infra_model::value::Value;

use super::Node;
use crate::evaluate::{Place, World};
use crate::report::Failed;

impl World<'_> {
    pub(super) fn lifecycle<'n>(&'n self, node: &Node<'n>, place: &Place<'n>) -> Result<Lifecycle, Failed> {
        let depends_on = self.depends_on(node, place);
        let mut lifecycle = Lifecycle {
            protect: node.flag("protect")?,
            depends_on: depends_on?,
            ..Lifecycle::default()
        };
        let Some(block) = node.block("lifecycle") else {
            return Ok(lifecycle);
        };
        if let (Some(short), Some(long)) = (node.shape.attribute("protect"), block.shape.attribute("protect"))
        {
            return Err(self.report.fail(
                Diagnostic::error("Duplicate attribute", "`protect` is set twice")
                    .at(long.name.span)
                    .related(short.name.span, "also set here"),
            ));
        }
        lifecycle.protect |= block.flag("protect")?;
        lifecycle.ignore_changes = block.texts("ignore_changes")?.into_iter().collect();
        lifecycle.create_before_destroy = block.optional_flag("create_before_destroy")?;
        Ok(lifecycle)
    }

    fn depends_on<'n>(
        &'n self,
        node: &Node<'n>,
        place: &Place<'n>,
    ) -> Result<BTreeSet<ComponentAddress>, Failed> {
        let mut components = BTreeSet::new();
        let Some(attribute) = node.shape.attribute("depends_on") else {
            return Ok(components);
        };
        let value = self.value(&attribute.value, place)?;
        let span = attribute.value.span;
        if !matches!(value, Value::List(_) | Value::Null) {
            return Err(self.not_a_component(span));
        }
        self.add_components(value, span, &mut components)?;
        Ok(components)
    }

    fn add_components(
        &self,
        value: Value,
        span: Span,
        components: &mut BTreeSet<ComponentAddress>,
    ) -> Result<(), Failed> {
        match value {
            Value::Null => Ok(()),
            Value::List(values) => values
                .into_iter()
                .try_for_each(|value| self.add_components(value, span, components)),
            Value::Map(entries) => entries
                .into_iter()
                .try_for_each(|(_, value)| self.add_components(value, span, components)),
            Value::Deferred(expression) => match *expression {
                Expression::Reference(Reference::Export { component, path, .. }) if path.is_empty() => {
                    components.insert(component);
                    Ok(())
                }
                _ => Err(self.not_a_component(span)),
            },
            _ => Err(self.not_a_component(span)),
        }
    }

    fn not_a_component(&self, span: Span) -> Failed {
        self.report.fail(
            Diagnostic::error("Invalid value", "`depends_on` takes a list of components")
                .at(span)
                .hint("Write `[postgres.main]`, without quotes and without an export"),
        )
    }
}
