//! The last bytes of a pack, of a fixed size: where the index lies, the root, who signed it.

use super::{HEADER_BYTES, MAGIC, MAX_INDEX_BYTES};
use crate::wire::Take;
use crate::{Hash, TensorError};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// Two lengths, the root, a byte, a key, a signature, the magic.
pub(super) const TRAILER_BYTES: usize = 8 + 8 + 32 + 1 + 32 + 64 + 8;

const ROOT_CONTEXT: &str = "keep pack, version 1, root";
const SIGNED_CONTEXT: &[u8] = b"keep pack, version 1, signed root\n";

#[derive(Clone, Debug)]
pub(super) struct Trailer {
    /// Bytes of stored chunks between the header and the index.
    pub(super) chunk_bytes: u64,
    pub(super) index_bytes: u64,
    pub(super) root: Hash,
    pub(super) signed: Option<([u8; 32], [u8; 64])>,
}

/// The root of a pack with this header and index. Its own context keeps it apart from the hash of any
/// chunk.
pub(super) fn root_of(header: &[u8], index: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new_derive_key(ROOT_CONTEXT);
    hasher.update(header);
    hasher.update(index);
    Hash::from_bytes(*hasher.finalize().as_bytes())
}

fn message(root: Hash) -> Vec<u8> {
    [SIGNED_CONTEXT, root.as_bytes()].concat()
}

pub(super) fn sign(key: &SigningKey, root: Hash) -> ([u8; 32], [u8; 64]) {
    (key.verifying_key().to_bytes(), key.sign(&message(root)).to_bytes())
}

impl Trailer {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(TRAILER_BYTES);
        bytes.extend(self.chunk_bytes.to_le_bytes());
        bytes.extend(self.index_bytes.to_le_bytes());
        bytes.extend(self.root.as_bytes());
        let (key, signature) = self.signed.unwrap_or(([0; 32], [0; 64]));
        bytes.push(u8::from(self.signed.is_some()));
        bytes.extend(key);
        bytes.extend(signature);
        bytes.extend(MAGIC);
        bytes
    }

    pub(super) fn read(bytes: &[u8], pack_bytes: u64) -> Result<Self, TensorError> {
        let mut take = Take::new(bytes, TensorError::Pack);
        let chunk_bytes = u64::from_le_bytes(take.array()?);
        let index_bytes = u64::from_le_bytes(take.array()?);
        let root = Hash::from_bytes(take.array()?);
        let signed = match (take.byte()?, take.array::<32>()?, take.array::<64>()?) {
            (0, key, signature) if key == [0; 32] && signature == [0; 64] => None,
            (1, key, signature) => Some((key, signature)),
            _ => return take.fault("its end says neither that it is signed nor that it is not"),
        };
        if take.array()? != MAGIC {
            return take.fault("it does not end as a pack does");
        }
        if index_bytes > MAX_INDEX_BYTES {
            return Err(TensorError::Limit { what: "the index", size: index_bytes, limit: MAX_INDEX_BYTES });
        }
        let parts = chunk_bytes.checked_add(index_bytes + (HEADER_BYTES + TRAILER_BYTES) as u64);
        if parts != Some(pack_bytes) {
            return take.fault("its parts are not as long as it is");
        }
        Ok(Self { chunk_bytes, index_bytes, root, signed })
    }

    /// Who signed the root, once the signature holds.
    pub(super) fn signer(&self) -> Result<Option<VerifyingKey>, TensorError> {
        let Some((key, signature)) = &self.signed else { return Ok(None) };
        let key = VerifyingKey::from_bytes(key).map_err(|_| TensorError::Signature)?;
        let signature = Signature::from_bytes(signature);
        key.verify_strict(&message(self.root), &signature).map_err(|_| TensorError::Signature)?;
        Ok(Some(key))
    }
}
