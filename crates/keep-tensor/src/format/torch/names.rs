//! Which tensor of a pickle a storage belongs to, and what it is called.

use super::value::{Pickled, Value};
use crate::Dtype;
use crate::format::Limits;

/// The first tensor that uses a storage.
#[derive(Clone, Debug)]
pub(super) struct Use {
    /// The keys on the way to it, joined by dots. Empty where it has none, or an unreasonable one.
    pub(super) name: String,
    /// What the tensor says of its elements, where the storage has no type of its own.
    pub(super) dtype: Option<Dtype>,
    /// Which view it is.
    pub(super) view: usize,
}

/// A node on the way, the key that led to it, and which of its parts is next.
struct Step<'a> {
    key: Value<'a>,
    node: usize,
    next: usize,
}

/// Looks through what a pickle built, in the order in which it stands there, and notes the first use of
/// each storage. Each node is entered once however often it is shared, so nesting that doubles at every
/// level costs nothing, and one within itself ends.
pub(super) fn uses(pickled: &Pickled<'_>, limits: &Limits) -> Vec<Option<Use>> {
    let mut uses = vec![None; pickled.storages.len()];
    let mut entered = vec![false; pickled.nodes.len()];
    let mut left = limits.header_bytes;
    let mut path = Vec::new();
    let mut at = Some((Value::Opaque, pickled.root));
    while let Some((key, value)) = at {
        match value {
            Value::Node(node) if path.len() < limits.nesting && !entered[node] => {
                entered[node] = true;
                path.push(Step { key, node, next: 0 });
            }
            Value::Tensor(index) => {
                let view = pickled.views[index];
                let slot = &mut uses[view.storage];
                if slot.is_none() {
                    let most = limits.name_bytes.min(usize::try_from(left).unwrap_or(usize::MAX));
                    let name = name(&path, key, most);
                    left -= name.len() as u64;
                    *slot = Some(Use { name, dtype: view.dtype, view: index });
                }
            }
            _ => {}
        }
        at = next(pickled, &mut path);
    }
    uses
}

/// The next part to look at.
fn next<'a>(pickled: &Pickled<'a>, path: &mut Vec<Step<'a>>) -> Option<(Value<'a>, Value<'a>)> {
    loop {
        let step = path.last_mut()?;
        if let Some(part) = pickled.nodes[step.node].get(step.next) {
            step.next += 1;
            return Some(*part);
        }
        path.pop();
    }
}

fn name(path: &[Step<'_>], last: Value<'_>, most: usize) -> String {
    let mut name = String::new();
    for key in path.iter().map(|step| step.key).chain([last]) {
        let part = match key {
            Value::Text(text) if text.len() <= most => String::from_utf8_lossy(text).into_owned(),
            Value::Text(_) => return String::new(),
            Value::Int(index) => index.to_string(),
            _ => continue,
        };
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&part);
        if name.len() > most {
            return String::new();
        }
    }
    name
}
