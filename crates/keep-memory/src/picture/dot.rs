use super::Picture;
use std::fmt::Write as _;

impl Picture {
    /// For Graphviz.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut out = String::from("digraph memories {\n  node [shape=box];\n");
        // Writing into a string cannot fail.
        for node in &self.nodes {
            let middle = if node.id == self.centre { ", penwidth=2" } else { "" };
            let retired = if node.retired { ", style=dashed" } else { "" };
            let _ = writeln!(
                out,
                "  {} [label=\"{}\\n{}\"{middle}{retired}];",
                node.id,
                quoted(&node.kind),
                quoted(&node.label)
            );
        }
        for edge in &self.edges {
            let _ = writeln!(out, "  {} -> {} [label=\"{}\"];", edge.from, edge.to, edge.kind);
        }
        out.push_str("}\n");
        out
    }
}

/// Inside quotation marks. A backslash starts an escape there (`\N` is the node's name) and an ampersand an
/// entity, so both stand for themselves.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;").replace('\n', " ")
}
