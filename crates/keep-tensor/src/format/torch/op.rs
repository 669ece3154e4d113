//! The instructions of a pickle, by their bytes.

use super::machine::Fault;
use super::value::Value;
use crate::format::bytes::Bytes;

pub(super) const MARK: u8 = b'(';
pub(super) const STOP: u8 = b'.';
pub(super) const POP: u8 = b'0';
pub(super) const POP_MARK: u8 = b'1';
pub(super) const DUP: u8 = b'2';
pub(super) const NONE: u8 = b'N';
pub(super) const BINPERSID: u8 = b'Q';
pub(super) const REDUCE: u8 = b'R';
pub(super) const APPEND: u8 = b'a';
pub(super) const BUILD: u8 = b'b';
pub(super) const GLOBAL: u8 = b'c';
pub(super) const DICT: u8 = b'd';
pub(super) const APPENDS: u8 = b'e';
pub(super) const BINGET: u8 = b'h';
pub(super) const LONG_BINGET: u8 = b'j';
pub(super) const LIST: u8 = b'l';
pub(super) const BINPUT: u8 = b'q';
pub(super) const LONG_BINPUT: u8 = b'r';
pub(super) const SETITEM: u8 = b's';
pub(super) const TUPLE: u8 = b't';
pub(super) const SETITEMS: u8 = b'u';
pub(super) const EMPTY_DICT: u8 = b'}';
pub(super) const EMPTY_LIST: u8 = b']';
pub(super) const EMPTY_TUPLE: u8 = b')';
pub(super) const PROTO: u8 = 0x80;
pub(super) const NEWOBJ: u8 = 0x81;
pub(super) const TUPLE1: u8 = 0x85;
pub(super) const TUPLE2: u8 = 0x86;
pub(super) const TUPLE3: u8 = 0x87;
pub(super) const NEWTRUE: u8 = 0x88;
pub(super) const NEWFALSE: u8 = 0x89;
pub(super) const EMPTY_SET: u8 = 0x8f;
pub(super) const ADDITEMS: u8 = 0x90;
pub(super) const FROZENSET: u8 = 0x91;
pub(super) const NEWOBJ_EX: u8 = 0x92;
pub(super) const STACK_GLOBAL: u8 = 0x93;
pub(super) const MEMOIZE: u8 = 0x94;
pub(super) const FRAME: u8 = 0x95;

const BININT: u8 = b'J';
const BININT1: u8 = b'K';
const BININT2: u8 = b'M';
const BINFLOAT: u8 = b'G';
const LONG1: u8 = 0x8a;
const LONG4: u8 = 0x8b;
const BINUNICODE: u8 = b'X';
const SHORT_BINUNICODE: u8 = 0x8c;
const BINUNICODE8: u8 = 0x8d;
const BINSTRING: u8 = b'T';
const SHORT_BINSTRING: u8 = b'U';
const BINBYTES: u8 = b'B';
const SHORT_BINBYTES: u8 = b'C';
const BINBYTES8: u8 = 0x8e;

/// A number or text that stands in the pickle itself.
pub(super) fn literal<'a>(code: u8, bytes: &mut Bytes<'a>) -> Result<Value<'a>, Fault> {
    let value = match code {
        BININT => bytes.u32().map(|value| Value::Int(i64::from(value.cast_signed()))),
        BININT1 => bytes.u8().map(|value| Value::Int(value.into())),
        BININT2 => bytes.u16().map(|value| Value::Int(value.into())),
        BINFLOAT => bytes.u64().map(|_| Value::Opaque),
        LONG1 => bytes.u8().and_then(|len| bytes.take(len.into())).map(long),
        LONG4 => bytes.u32().and_then(|len| run(bytes, len.into())).map(long),
        SHORT_BINUNICODE | SHORT_BINSTRING | SHORT_BINBYTES => {
            bytes.u8().and_then(|len| bytes.take(len.into())).map(Value::Text)
        }
        BINUNICODE | BINSTRING | BINBYTES => {
            bytes.u32().and_then(|len| run(bytes, len.into())).map(Value::Text)
        }
        BINUNICODE8 | BINBYTES8 => bytes.u64().and_then(|len| run(bytes, len)).map(Value::Text),
        _ => return Err(Fault::Unknown(code)),
    };
    value.ok_or(Fault::Broken)
}

fn run<'a>(bytes: &mut Bytes<'a>, len: u64) -> Option<&'a [u8]> {
    bytes.take(usize::try_from(len).ok()?)
}

/// A whole number of any length, little-endian with a sign. What has no place in 64 bits is no extent.
fn long(bytes: &[u8]) -> Value<'static> {
    let Some(last) = bytes.last() else { return Value::Int(0) };
    let mut wide = [if last & 0x80 == 0 { 0 } else { 0xff }; 8];
    match wide.get_mut(..bytes.len()) {
        Some(low) => low.copy_from_slice(bytes),
        None => return Value::Opaque,
    }
    Value::Int(i64::from_le_bytes(wide))
}
