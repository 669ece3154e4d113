//! The calls in a pickle that say something about tensors.

use super::global::Global;
use super::value::{Part, Pickled, Storage, Value, View};

/// How often a subclass may wrap another. Real ones do once.
const WRAPS: usize = 4;

/// What a call makes, where it is one that is known. Nothing is called.
pub(super) fn call<'a>(
    built: &mut Pickled<'a>,
    rank: usize,
    mut callee: Value<'a>,
    mut arguments: Value<'a>,
) -> Option<Value<'a>> {
    for _ in 0..WRAPS {
        let Value::Global(name) = callee else { return None };
        let argument = |index: usize| built.parts(arguments).get(index).map(|(_, value)| *value);
        match name {
            Global::Subclass => (callee, arguments) = (argument(0)?, argument(2)?),
            Global::Parameter => return argument(0).filter(|value| matches!(value, Value::Tensor(_))),
            Global::Tensor => {
                let view = view(built, rank, arguments)?;
                built.views.push(view);
                return Some(Value::Tensor(built.views.len() - 1));
            }
            Global::Storage(_) | Global::Dtype(_) | Global::Other => return None,
        }
    }
    None
}

fn view<'a>(built: &Pickled<'a>, rank: usize, arguments: Value<'a>) -> Option<View<'a>> {
    let &[(_, Value::Storage(storage)), (_, Value::Int(offset)), (_, shape), (_, strides), ref more @ ..] =
        built.parts(arguments)
    else {
        return None;
    };
    let extents = counted(built, shape).filter(|extents| *extents <= rank)?;
    (counted(built, strides)? == extents).then_some(())?;
    let dtype = more.iter().find_map(|(_, value)| match value {
        Value::Global(Global::Dtype(dtype)) => Some(*dtype),
        _ => None,
    });
    Some(View { storage, dtype, offset: u64::try_from(offset).ok()?, shape, strides })
}

/// How many extents or strides this is, if it is a tuple of them.
fn counted<'a>(built: &Pickled<'a>, value: Value<'a>) -> Option<usize> {
    matches!(value, Value::Node(_)).then(|| built.parts(value).len())
}

/// What a reference to a storage says: the word, its kind, its key, where it lay, how much it holds.
pub(super) fn storage<'a>(id: &[Part<'a>]) -> Option<Storage<'a>> {
    let &[
        (_, Value::Text(b"storage")),
        (_, Value::Global(Global::Storage(dtype))),
        (_, Value::Text(key)),
        _,
        (_, Value::Int(count)),
        ..,
    ] = id
    else {
        return None;
    };
    Some(Storage { key, dtype, count: u64::try_from(count).ok()? })
}
