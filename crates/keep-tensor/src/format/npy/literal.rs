//! The header's dictionary: three keys, whose values are a text or list, a truth value and a tuple.

use crate::format::bytes::Bytes;

/// What the header says. The order of the axes is of no interest here, only that it is said.
pub(super) struct Header<'a> {
    /// The code of the elements' type; none for records.
    pub(super) descr: Option<&'a [u8]>,
    pub(super) shape: Vec<u64>,
}

enum Literal<'a> {
    Text(&'a [u8]),
    Tuple(Vec<u64>),
    /// True or false.
    Truth,
    /// A list that describes records.
    List,
}

pub(super) fn header(text: &[u8], rank: usize) -> Option<Header<'_>> {
    let mut bytes = Bytes::new(text.trim_ascii());
    let (mut descr, mut order, mut shape) = (None, None, None);
    symbol(&mut bytes, b'{')?;
    while symbol(&mut bytes, b'}').is_none() {
        let Literal::Text(key) = literal(&mut bytes, rank)? else { return None };
        symbol(&mut bytes, b':')?;
        let again = match (key, literal(&mut bytes, rank)?) {
            (b"descr", Literal::Text(code)) => descr.replace(Some(code)).is_some(),
            (b"descr", Literal::List) => descr.replace(None).is_some(),
            (b"fortran_order", Literal::Truth) => order.replace(()).is_some(),
            (b"shape", Literal::Tuple(extents)) => shape.replace(extents).is_some(),
            _ => return None,
        };
        if again {
            return None;
        }
        // The last comma may be left out.
        if symbol(&mut bytes, b',').is_none() && peek(&mut bytes)? != b'}' {
            return None;
        }
    }
    let ended = bytes.rest().is_empty();
    (ended && order.is_some()).then_some(Header { descr: descr?, shape: shape? })
}

/// What comes next that is no space.
fn peek(bytes: &mut Bytes<'_>) -> Option<u8> {
    *bytes = Bytes::new(bytes.rest().trim_ascii_start());
    bytes.rest().first().copied()
}

fn symbol(bytes: &mut Bytes<'_>, symbol: u8) -> Option<()> {
    (peek(bytes)? == symbol).then(|| bytes.u8()).flatten().map(drop)
}

fn literal<'a>(bytes: &mut Bytes<'a>, rank: usize) -> Option<Literal<'a>> {
    match peek(bytes)? {
        b'\'' | b'"' => text(bytes).map(Literal::Text),
        b'(' => tuple(bytes, rank).map(Literal::Tuple),
        b'[' => list(bytes).map(|()| Literal::List),
        _ => {
            let word = [&b"True"[..], b"False"].into_iter().find(|word| bytes.rest().starts_with(word))?;
            bytes.take(word.len()).map(|_| Literal::Truth)
        }
    }
}

/// A text in quotes. Escapes stand in the names of fields only, and those are passed over.
fn text<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let quote = bytes.u8()?;
    let whole = bytes.rest();
    loop {
        match bytes.u8()? {
            b'\\' => drop(bytes.u8()?),
            byte if byte == quote => return whole.get(..whole.len() - bytes.rest().len() - 1),
            _ => {}
        }
    }
}

fn tuple(bytes: &mut Bytes<'_>, rank: usize) -> Option<Vec<u64>> {
    symbol(bytes, b'(')?;
    let mut extents = Vec::new();
    while symbol(bytes, b')').is_none() {
        if extents.len() == rank {
            return None;
        }
        peek(bytes)?;
        let digits = bytes.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let extent = std::str::from_utf8(bytes.take(digits)?).ok()?;
        extents.push(extent.parse().ok()?);
        // Python 2 wrote its large whole numbers so.
        if bytes.rest().first() == Some(&b'L') {
            bytes.take(1)?;
        }
        if symbol(bytes, b',').is_none() && peek(bytes)? != b')' {
            return None;
        }
    }
    Some(extents)
}

/// Passes over a list, whatever lies in it.
fn list(bytes: &mut Bytes<'_>) -> Option<()> {
    let mut open = 0_usize;
    loop {
        match peek(bytes)? {
            b'\'' | b'"' => drop(text(bytes)?),
            byte => {
                bytes.take(1)?;
                match byte {
                    b'[' | b'(' => open += 1,
                    b']' | b')' => open -= 1,
                    _ => {}
                }
            }
        }
        if open == 0 {
            return Some(());
        }
    }
}
