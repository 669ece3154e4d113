use super::trailer::{TRAILER_BYTES, sign as sign_root};
use super::{PackReader, SigningKey};
use crate::{Hash, TensorError};
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Copies a pack, signed by this key in place of whoever signed it before. The root stays what it was.
///
/// # Errors
/// When the pack cannot be read or is damaged, or the copy cannot be written.
pub fn sign<R: Read + Seek>(
    source: &mut R,
    key: &SigningKey,
    out: &mut impl Write,
) -> Result<Hash, TensorError> {
    let root = PackReader::open(&mut *source)?.root();
    let size = source.seek(SeekFrom::End(0)).map_err(TensorError::Stored)?;
    let mut trailer = [0; TRAILER_BYTES];
    source.seek(SeekFrom::Start(size - TRAILER_BYTES as u64)).map_err(TensorError::Stored)?;
    source.read_exact(&mut trailer).map_err(TensorError::Stored)?;
    let trailer = super::trailer::Trailer::read(&trailer, size)?;
    let signed = super::trailer::Trailer { signed: Some(sign_root(key, root)), ..trailer };
    source.seek(SeekFrom::Start(0)).map_err(TensorError::Stored)?;
    let body = size - TRAILER_BYTES as u64;
    match io::copy(&mut source.take(body), out).map_err(TensorError::Sink)? {
        copied if copied == body => out.write_all(&signed.to_bytes()).map_err(TensorError::Sink)?,
        _ => return Err(TensorError::Pack("it became shorter while it was read")),
    }
    Ok(root)
}
