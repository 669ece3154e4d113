use super::Picture;
use std::collections::HashMap;
use std::fmt::Write as _;

impl Picture {
    /// For Mermaid.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        let numbers: HashMap<_, _> =
            self.nodes.iter().zip(0..).map(|(node, number)| (node.id, number)).collect();
        // Writing into a string cannot fail.
        for (node, number) in self.nodes.iter().zip(0..) {
            let _ = writeln!(out, "  n{number}[\"{}: {}\"]", coded(&node.kind), coded(&node.label));
        }
        for edge in &self.edges {
            let _ = writeln!(
                out,
                "  n{} -->|{}| n{}",
                numbers[&edge.from],
                edge.kind.as_str().replace('_', " "),
                numbers[&edge.to]
            );
        }
        if let Some(number) = numbers.get(&self.centre) {
            let _ = writeln!(out, "  style n{number} stroke-width:3px");
        }
        out
    }
}

/// Letters, digits and blanks as they are, all else as the number of its character, which Mermaid shows and
/// nothing reads as markup, HTML or Markdown.
fn coded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_alphanumeric() || matches!(c, ' ' | ',' | '.' | '…') => out.push(c),
            c => _ = write!(out, "#{};", u32::from(c)),
        }
    }
    out
}
