use super::{Edge, Node, Picture};
use keep_types::{Id, MemoryKind};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

/// A line of the tree below its first.
struct Row<'p> {
    depth: usize,
    edge: &'p Edge,
    above: Id<MemoryKind>,
    id: Id<MemoryKind>,
}

impl Picture {
    /// For a terminal: the one in the middle, and under it what it is linked with. Each memory and each link
    /// stands there once. An arrow to the right is a link that goes out from the one above, one to the left
    /// a link that leads to it.
    #[must_use]
    pub fn to_tree(&self) -> String {
        let nodes: HashMap<_, _> = self.nodes.iter().map(|node| (node.id, node)).collect();
        let Some(centre) = nodes.get(&self.centre) else { return String::new() };
        let mut out = String::new();
        write_node(&mut out, centre);
        let rows = self.rows();
        let mut seen = HashSet::from([self.centre]);
        for (at, row) in rows.iter().enumerate() {
            for depth in 0..=row.depth {
                // Whether another row of this depth follows before the one above them ends.
                let follows = rows[at + 1..]
                    .iter()
                    .find(|row| row.depth <= depth)
                    .is_some_and(|row| row.depth == depth);
                out.push_str(match (depth == row.depth, follows) {
                    (true, true) => "├─ ",
                    (true, false) => "└─ ",
                    (false, true) => "│  ",
                    (false, false) => "   ",
                });
            }
            let arrow = if row.edge.from == row.above { "→" } else { "←" };
            let _ = write!(out, "{} {arrow} ", row.edge.kind);
            match nodes.get(&row.id) {
                Some(node) if seen.insert(row.id) => write_node(&mut out, node),
                _ => _ = writeln!(out, "{} (above)", row.id),
            }
        }
        out
    }

    /// Every link that can be reached, depth first, in the order given.
    fn rows(&self) -> Vec<Row<'_>> {
        let mut ends: HashMap<Id<MemoryKind>, Vec<(usize, Id<MemoryKind>)>> = HashMap::new();
        for (number, edge) in self.edges.iter().enumerate() {
            ends.entry(edge.from).or_default().push((number, edge.to));
            ends.entry(edge.to).or_default().push((number, edge.from));
        }
        ends.values_mut().for_each(|ends| ends.reverse());
        let mut rows = Vec::new();
        let mut used = vec![false; self.edges.len()];
        // Each memory's links are taken from the map when it is first come to, so each is walked once.
        let mut open = vec![(self.centre, ends.remove(&self.centre).unwrap_or_default())];
        while let Some((above, rest)) = open.last_mut() {
            let above = *above;
            let Some((number, id)) = rest.pop() else {
                open.pop();
                continue;
            };
            if std::mem::replace(&mut used[number], true) {
                continue;
            }
            rows.push(Row { depth: open.len() - 1, edge: &self.edges[number], above, id });
            if let Some(next) = ends.remove(&id) {
                open.push((id, next));
            }
        }
        rows
    }
}

fn write_node(out: &mut String, node: &Node) {
    let retired = if node.retired { ", retired" } else { "" };
    // Writing into a string cannot fail.
    let _ = writeln!(out, "{} [{}, {}{retired}] {}", node.id, node.kind, node.trust, node.label);
}
