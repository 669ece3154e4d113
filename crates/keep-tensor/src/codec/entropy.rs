//! The two ways zstd is used: as its Huffman coder alone, and with matches. Both write standard frames.

use crate::TensorError;
use std::io::Cursor;
use zstd_safe::{CCtx, CParameter, DCtx, ErrorCode, ParamSwitch, get_error_name};

/// So negative a level finds no matches, and what is left of zstd is its four-stream Huffman coder.
const NO_MATCHES: i32 = -100_000;
/// Of the levels with matches, the lowest: on planes the higher ones are slower and no smaller.
const MATCHES: i32 = 1;
/// For bytes that are no tensor.
const TEXT: i32 = 3;

/// How a run of bytes is compressed. Whoever decodes need not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    Huffman,
    Matches,
    Text,
}

/// Contexts that are made once and used for chunk after chunk.
pub(crate) struct Entropy {
    huffman: CCtx<'static>,
    matches: CCtx<'static>,
    text: CCtx<'static>,
    decoder: DCtx<'static>,
}

fn refused(code: ErrorCode) -> TensorError {
    TensorError::Compressor(get_error_name(code))
}

fn context(level: i32, literals: ParamSwitch) -> Result<CCtx<'static>, TensorError> {
    let mut context = CCtx::try_create().ok_or(TensorError::Compressor("out of memory"))?;
    context.set_parameter(CParameter::CompressionLevel(level)).map_err(refused)?;
    context.set_parameter(CParameter::LiteralCompressionMode(literals)).map_err(refused)?;
    Ok(context)
}

impl Entropy {
    pub(crate) fn new() -> Result<Self, TensorError> {
        Ok(Self {
            huffman: context(NO_MATCHES, ParamSwitch::Enable)?,
            matches: context(MATCHES, ParamSwitch::Enable)?,
            text: context(TEXT, ParamSwitch::Auto)?,
            decoder: DCtx::try_create().ok_or(TensorError::Compressor("out of memory"))?,
        })
    }

    /// Appends the frame of these bytes to `out` and says how long it is.
    pub(crate) fn compress(
        &mut self,
        bytes: &[u8],
        effort: Effort,
        out: &mut Vec<u8>,
    ) -> Result<usize, TensorError> {
        let context = match effort {
            Effort::Huffman => &mut self.huffman,
            Effort::Matches => &mut self.matches,
            Effort::Text => &mut self.text,
        };
        out.reserve(zstd_safe::compress_bound(bytes.len()));
        let mut end = Cursor::new(&mut *out);
        end.set_position(end.get_ref().len() as u64);
        context.compress2(&mut end, bytes).map_err(refused)
    }

    /// Unpacks one frame into exactly `out`. Nothing is allocated on the frame's word: the window is `out`.
    pub(crate) fn decompress(&mut self, frame: &[u8], out: &mut [u8]) -> Result<(), TensorError> {
        if zstd_safe::find_frame_compressed_size(frame) != Ok(frame.len()) {
            return Err(TensorError::Chunk("a frame has another length than its place"));
        }
        match self.decoder.decompress(out, frame) {
            Ok(written) if written == out.len() => Ok(()),
            _ => Err(TensorError::Chunk("a frame does not unpack to its size")),
        }
    }
}
