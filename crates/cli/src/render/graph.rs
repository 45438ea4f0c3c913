//! Resource graphs as DOT, Mermaid, SVG and JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use infra_model::address::Address;
use infra_model::resource::ResourceGraph;
use layout::backends::svg::SVGWriter;
use layout::gv::{DotParser, GraphBuilder};

/// Every resource and what it needs.
pub(crate) type Edges = BTreeMap<Address, BTreeSet<Address>>;

/// Returns the edges of a graph.
pub(crate) fn edges(graph: &ResourceGraph) -> Edges {
    graph
        .resources
        .iter()
        .map(|(address, desired)| (address.clone(), desired.dependencies()))
        .collect()
}

/// Returns the graph for Graphviz.
pub(crate) fn dot(edges: &Edges) -> String {
    let mut text = "digraph infra {\n  rankdir = LR;\n  node [shape = box];\n".to_owned();
    for address in edges.keys() {
        let _ = writeln!(
            text,
            "  {} [label = {}];",
            quoted(address.as_str()),
            label(address)
        );
    }
    for (address, needs) in edges {
        for need in needs {
            let _ = writeln!(
                text,
                "  {} -> {};",
                quoted(address.as_str()),
                quoted(need.as_str())
            );
        }
    }
    text + "}\n"
}

/// Returns the graph for Mermaid, one box per component around its resources.
pub(crate) fn mermaid(edges: &Edges) -> String {
    let names: BTreeMap<&Address, String> = edges
        .keys()
        .enumerate()
        .map(|(at, address)| (address, format!("r{at}")))
        .collect();
    let mut text = "flowchart LR\n".to_owned();
    let mut component = "";
    for (at, (address, name)) in names.iter().enumerate() {
        if address.component_str() != component {
            if !component.is_empty() {
                text.push_str("  end\n");
            }
            component = address.component_str();
            let _ = writeln!(text, "  subgraph c{at}[\"{}\"]", component.replace('"', "#quot;"));
        }
        let title = format!("{}<br/>{}", address.resource_type_str(), address.name());
        let _ = writeln!(text, "    {name}[\"{}\"]", title.replace('"', "#quot;"));
    }
    if !component.is_empty() {
        text.push_str("  end\n");
    }
    for (address, needs) in edges {
        for need in needs.iter().filter_map(|need| names.get(need)) {
            let _ = writeln!(text, "  {} --> {need}", names[address]);
        }
    }
    text
}

/// Returns the graph as a drawing.
pub(crate) fn svg(edges: &Edges) -> Result<String, String> {
    if edges.is_empty() {
        // The layout panics on a graph without nodes.
        return Ok(SVGWriter::new().finalize());
    }
    let graph = DotParser::new(&dot(edges)).process()?;
    let mut builder = GraphBuilder::new();
    builder.visit_graph(&graph);
    let mut drawing = builder.get();
    let mut writer = SVGWriter::new();
    drawing.do_it(false, false, false, &mut writer);
    Ok(writer.finalize())
}

/// Returns the graph in the format `infra.graph/1`.
pub(crate) fn json(edges: &Edges) -> serde_json::Value {
    let resources: Vec<serde_json::Value> = edges
        .iter()
        .map(|(address, needs)| serde_json::json!({ "address": address, "needs": needs }))
        .collect();
    serde_json::json!({ "format": "infra.graph/1", "resources": resources })
}

/// Returns the label of a resource for DOT, in three lines.
fn label(address: &Address) -> String {
    let parts = [
        address.component_str(),
        address.resource_type_str(),
        address.name(),
    ];
    format!("\"{}\"", parts.map(escaped).join("\\n"))
}

/// Returns text in quotes for DOT.
fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests;
