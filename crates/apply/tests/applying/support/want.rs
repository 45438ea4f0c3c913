//! A graph of resources in a few lines of text.
//!
//! Each line is `name class` and then any of `on parent,parent`, `first` (a replacement is created first),
//! `protect`, and `attribute=value`. A value is a number, a text, `!text` for a secret, `{key,key}` for a map,
//! `@name.output`, or `!@name.output` for an output that only the stack calls secret.

use std::collections::BTreeSet;

use infra_model::address::Address;
use infra_model::resource::{Desired, ResourceGraph, Target};
use infra_model::sealing::{OpenError, Sealed, Sealing, Secret, seal_value};
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{output, secret_output};

/// Returns the address of a thing.
pub(crate) fn address(class: &str, name: &str) -> Address {
    format!("redis.lab/sim.{class}.thing.{name}").parse().unwrap()
}

/// Returns the graph that a text describes.
pub(crate) fn want(text: &str) -> ResourceGraph {
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|line: &Vec<_>| !line.is_empty())
        .collect();
    let find = |name: &str| {
        let line = lines.iter().find(|line| line[0] == name);
        let line = line.unwrap_or_else(|| panic!("`{name}` is not in the text"));
        address(line[1], name)
    };
    let mut graph = ResourceGraph::default();
    for line in &lines {
        let desired = desired(line, &find);
        graph.resources.insert(desired.address.clone(), desired);
    }
    graph
}

fn desired(line: &[&str], find: &dyn Fn(&str) -> Address) -> Desired {
    let (name, class) = (line[0], line[1]);
    let mut inputs = Attributes::new();
    if class == "named" {
        inputs.insert("name".to_owned(), name.into());
    }
    let mut lifecycle = infra_model::component::Lifecycle::default();
    let mut words = line[2..].iter();
    while let Some(word) = words.next() {
        match *word {
            "first" => lifecycle.create_before_destroy = Some(true),
            "protect" => lifecycle.protect = true,
            "on" => {
                let parents = words
                    .next()
                    .expect("parents")
                    .split(',')
                    .map(|name| output(&find(name), "id"));
                inputs.insert("parents".to_owned(), Value::list(parents));
            }
            _ => {
                let (attribute, text) = word.split_once('=').expect("attribute=value");
                inputs.insert(attribute.to_owned(), value(text, find));
            }
        }
    }
    Desired {
        address: address(class, name),
        inputs,
        after: BTreeSet::new(),
        target: Target::default(),
        lifecycle,
    }
}

fn value(text: &str, find: &dyn Fn(&str) -> Address) -> Value {
    if let Some(reference) = text.strip_prefix("!@") {
        return sensitive(value(&format!("@{reference}"), find));
    }
    if let Some(secret) = text.strip_prefix('!') {
        return sealed(secret);
    }
    if let Some(reference) = text.strip_prefix('@') {
        let (name, of) = reference.split_once('.').expect("@name.output");
        return if of == "key" {
            secret_output(&find(name), of)
        } else {
            output(&find(name), of)
        };
    }
    if let Some(keys) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        return Value::map(keys.split(',').map(|key| (key, Value::from(1_i64))));
    }
    text.parse::<i64>()
        .map_or_else(|_| Value::from(text), Value::from)
}

fn sensitive(value: Value) -> Value {
    let function = infra_model::operation::Function::by_name("sensitive").expect("a function");
    infra_model::operation::Operation::Call(function)
        .fold(vec![value])
        .unwrap()
}

/// A sealing that hides nothing from anybody who looks twice, but no byte of a secret stays as it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rot;

impl Sealing for Rot {
    fn seal(&self, secret: &Secret) -> Sealed {
        let text: String = secret
            .expose()
            .bytes()
            .map(|byte| format!("{:02x}", byte ^ 0x5a))
            .collect();
        Sealed::from_text(format!("rot:{text}"))
    }

    fn open(&self, sealed: &Sealed) -> Result<Secret, OpenError> {
        let text = sealed.as_str().strip_prefix("rot:").ok_or(OpenError)?;
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).map(|byte| byte ^ 0x5a);
        let bytes: Result<Vec<u8>, _> = (0..text.len()).step_by(2).map(byte).collect();
        let text = String::from_utf8(bytes.map_err(|_| OpenError)?);
        text.map(Secret::new).map_err(|_| OpenError)
    }
}

/// Returns a sealed secret.
pub(crate) fn sealed(text: &str) -> Value {
    seal_value(Value::Secret(Secret::new(text)), &Rot)
}
