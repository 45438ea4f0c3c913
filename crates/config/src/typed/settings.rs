//! `settings`: what programs that use the stack read from their environment variables.

use std::collections::BTreeMap;

use infra_model::diagnostic::Diagnostic;
use infra_model::settings::{Consumer, Setting, SettingKind};
use infra_model::value::Value;

use super::Node;
use crate::evaluate::{Place, World, shown};
use crate::report::Failed;

impl World<'_> {
    /// Returns all consumers of the stack that could be read. What is wrong with the others was reported.
    pub(crate) fn settings(&self) -> BTreeMap<String, Consumer> {
        let declared = self.scopes[0].declarations.settings.iter();
        declared
            .filter_map(|(name, shape)| {
                let node = self.node(shape, &Place::scope(0));
                Some(((*name).to_owned(), self.consumer(&node).ok()?))
            })
            .collect()
    }

    fn consumer(&self, node: &Node<'_>) -> Result<Consumer, Failed> {
        let settings: Vec<_> = node
            .blocks_of("setting")
            .map(|block| {
                Ok((
                    block.shape.name().to_owned(),
                    self.setting(node.shape.name(), block)?,
                ))
            })
            .collect();
        Ok(Consumer {
            description: text(node, "description")?,
            settings: settings.into_iter().collect::<Result<_, _>>()?,
        })
    }

    fn setting(&self, consumer: &str, node: &Node<'_>) -> Result<Setting, Failed> {
        let kind = self.kind(node)?;
        let required = node.flag("required")?;
        let given = node.value("value")?.map(|value| ("value", value));
        let value = given.or(node.value("default")?.map(|value| ("default", value)));
        match value {
            Some((attribute, value)) => self.check_fits(&kind, value, node, attribute)?,
            None if required && !node.shape.broken => return Err(self.missing(consumer, &kind, node)),
            None => {}
        }
        Ok(Setting {
            value: value.map(|(_, value)| value.clone()),
            kind,
            required,
            description: text(node, "description")?,
            span: node.shape.span,
        })
    }

    fn kind(&self, node: &Node<'_>) -> Result<SettingKind, Failed> {
        let values = node.texts("values")?;
        let kind = match node.text("type")? {
            "string" => SettingKind::String,
            "url" => SettingKind::Url,
            "integer" => SettingKind::Integer,
            "boolean" => SettingKind::Boolean,
            "duration" => SettingKind::Duration,
            "secret" => SettingKind::Secret,
            "enum" if values.is_empty() => {
                let diagnostic = Diagnostic::error("Missing attribute", "An `enum` needs its words");
                let diagnostic = diagnostic.at(node.span("type"));
                return Err(self.report.fail(diagnostic.hint("Add `values = [ … ]`")));
            }
            "enum" => return Ok(SettingKind::Enum(values)),
            _ => return Err(Failed),
        };
        if !values.is_empty() {
            let diagnostic = Diagnostic::error("Conflicting attributes", "Only an `enum` has `values`");
            let diagnostic = diagnostic.at(node.span("values"));
            return Err(self
                .report
                .fail(diagnostic.hint("Add `type = \"enum\"`, or remove them")));
        }
        Ok(kind)
    }

    /// Reports a value that the program would not understand, as far as it is known. One that is a secret is not
    /// repeated.
    fn check_fits(
        &self,
        kind: &SettingKind,
        value: &Value,
        node: &Node<'_>,
        attribute: &str,
    ) -> Result<(), Failed> {
        let (fits, shown) = match value {
            Value::Secret(secret) => (kind.fits(secret.expose()), "this secret".to_owned()),
            Value::String(text) => (kind.fits(text), shown(value)),
            Value::Number(number) => (kind.fits(&number.to_string()), shown(value)),
            Value::Bool(truth) => (kind.fits(&truth.to_string()), shown(value)),
            _ => return Ok(()),
        };
        if matches!(kind, SettingKind::Secret) && matches!(value, Value::String(_)) {
            let warning = Diagnostic::warning("Secret in clear", "This secret stands in a file of the stack");
            let hint = "Take it from a vault, or from a variable with `secret = true`";
            self.report.add(warning.at(node.span(attribute)).hint(hint));
        }
        if fits {
            return Ok(());
        }
        let detail = format!("`{}` cannot be {shown}", node.shape.name());
        let diagnostic = Diagnostic::error("Invalid value", detail).at(node.span(attribute));
        Err(self
            .report
            .fail(diagnostic.hint(format!("Expected {}", kind.expected()))))
    }

    fn missing(&self, consumer: &str, kind: &SettingKind, node: &Node<'_>) -> Failed {
        let detail = format!(
            "`{consumer}` needs `{}`, and nothing gives it a value",
            node.shape.name()
        );
        let hint = format!(
            "Add `value = …`, {}, here or in the environment's file; or say `required = false`",
            kind.expected()
        );
        let diagnostic = Diagnostic::error("Missing setting", detail);
        self.report.fail(diagnostic.at(node.shape.span).hint(hint))
    }
}

fn text(node: &Node<'_>, name: &str) -> Result<Option<String>, Failed> {
    let value = node.value(name)?.map(|value| value.as_str().ok_or(Failed));
    Ok(value.transpose()?.map(str::to_owned))
}
