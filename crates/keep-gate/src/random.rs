use crate::error::GateError;
use keep_types::{Id, IdKind, Timestamp};

/// A fresh id of the wanted kind.
///
/// # Errors
/// When the system gives no random bytes.
pub fn fresh_id<K: IdKind>(now: Timestamp) -> Result<Id<K>, GateError> {
    Ok(Id::from_parts(now, bytes()?))
}

/// Random bytes from the system.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], GateError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(GateError::Random)?;
    Ok(bytes)
}
