//! Writes pickles by hand, so that they can say what torch never would.

/// A whole pickle that comes to what `body` leaves on the stack.
pub(crate) fn pickle(body: &[u8]) -> Vec<u8> {
    [b"\x80\x02", body, b"."].concat()
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    [b"X".to_vec(), (text.len() as u32).to_le_bytes().to_vec(), text.into()].concat()
}

pub(crate) fn number(number: i64) -> Vec<u8> {
    [b"\x8a\x08".to_vec(), number.to_le_bytes().to_vec()].concat()
}

pub(crate) fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into()
}

pub(crate) fn tuple(values: &[Vec<u8>]) -> Vec<u8> {
    [b"(".to_vec(), values.concat(), b"t".to_vec()].concat()
}

pub(crate) fn tuple_of(numbers: &[i64]) -> Vec<u8> {
    tuple(&numbers.iter().copied().map(number).collect::<Vec<_>>())
}

pub(crate) fn call(callee: &[u8], arguments: &[Vec<u8>]) -> Vec<u8> {
    [callee.to_vec(), tuple(arguments), b"R".to_vec()].concat()
}

pub(crate) fn storage(kind: &str, key: &str, count: i64) -> Vec<u8> {
    let kind = global("torch", &format!("{kind}Storage"));
    [tuple(&[text("storage"), kind, text(key), text("cpu"), number(count)]), b"Q".to_vec()].concat()
}

/// A tensor over all of a storage of as many elements as its shape has.
pub(crate) fn tensor(kind: &str, key: &str, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    let storage = storage(kind, key, shape.iter().product());
    let arguments = [storage, number(0), tuple_of(shape), tuple_of(strides)];
    call(&global("torch._utils", "_rebuild_tensor_v2"), &arguments)
}
