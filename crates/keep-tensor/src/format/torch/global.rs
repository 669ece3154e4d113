//! The names in a pickle that mean something here. A name is looked up in these tables and never
//! imported, called or otherwise believed.

use crate::Dtype;

/// What a global name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    /// A kind of storage, with the type of its elements; without one it is counted in bytes.
    Storage(Option<Dtype>),
    /// The type of a tensor's elements.
    Dtype(Dtype),
    /// Makes a tensor of a storage, an offset, extents and strides. The newer form also names a type.
    Tensor,
    /// Makes a parameter of a tensor, its first argument.
    Parameter,
    /// Calls its first argument with its third.
    Subclass,
    /// Anything else.
    Other,
}

pub(super) fn global(module: &[u8], name: &[u8]) -> Global {
    match (module, name) {
        (b"torch._utils", b"_rebuild_tensor" | b"_rebuild_tensor_v2" | b"_rebuild_tensor_v3")
        | (b"torch._utils", b"_rebuild_qtensor") => Global::Tensor,
        (b"torch._utils", b"_rebuild_parameter" | b"_rebuild_parameter_with_state") => Global::Parameter,
        (b"torch._tensor", b"_rebuild_from_type_v2") => Global::Subclass,
        (b"torch.storage" | b"torch", b"UntypedStorage") => Global::Storage(None),
        (b"torch" | b"torch.cuda", name) => of_torch(name),
        _ => Global::Other,
    }
}

fn of_torch(name: &[u8]) -> Global {
    if let Some(kind) = name.strip_suffix(b"Storage") {
        return storage(kind).map_or(Global::Other, |dtype| Global::Storage(Some(dtype)));
    }
    dtype(name).map_or(Global::Other, Global::Dtype)
}

/// Quantised elements are the integers that they are stored as. Those of fewer than eight bits are not
/// here: what torch counts in their storages changed between versions.
fn storage(kind: &[u8]) -> Option<Dtype> {
    Some(match kind {
        b"Bool" => Dtype::Bool,
        b"Byte" | b"QUInt8" => Dtype::U8,
        b"Char" | b"QInt8" => Dtype::I8,
        b"Short" => Dtype::I16,
        b"Int" | b"QInt32" => Dtype::I32,
        b"Long" => Dtype::I64,
        b"Half" => Dtype::F16,
        b"BFloat16" => Dtype::Bf16,
        b"Float" => Dtype::F32,
        b"Double" => Dtype::F64,
        b"ComplexFloat" => Dtype::C64,
        b"ComplexDouble" => Dtype::C128,
        _ => return None,
    })
}

fn dtype(name: &[u8]) -> Option<Dtype> {
    Some(match name {
        b"bool" => Dtype::Bool,
        b"uint8" => Dtype::U8,
        b"int8" => Dtype::I8,
        b"uint16" => Dtype::U16,
        b"int16" => Dtype::I16,
        b"uint32" => Dtype::U32,
        b"int32" => Dtype::I32,
        b"uint64" => Dtype::U64,
        b"int64" => Dtype::I64,
        b"float8_e4m3fn" => Dtype::F8E4M3,
        b"float8_e5m2" => Dtype::F8E5M2,
        b"float16" => Dtype::F16,
        b"bfloat16" => Dtype::Bf16,
        b"float32" => Dtype::F32,
        b"float64" => Dtype::F64,
        b"complex64" => Dtype::C64,
        b"complex128" => Dtype::C128,
        _ => return None,
    })
}
