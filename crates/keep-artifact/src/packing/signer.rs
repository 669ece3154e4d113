//! Who signed a pack, and the file that one signs with.
//!
//! A key of packs is a file of its own. The ledger's key would be the wrong one: it says what happened on
//! this installation, is turned when that is in doubt, and never leaves it, while whoever signs packs is a
//! person or a team on several machines whose key others have written down.

use super::error::PackingError;
use keep_tensor::pack::{SigningKey, VerifyingKey};
use serde::{Serialize, Serializer};
use std::fmt::{self, Write as _};
use std::io::Read;
use std::path::Path;
use std::str::FromStr;
use zeroize::Zeroizing;

const PUBLIC: &str = "ed25519:";
const SECRET: &str = "keep-pack-key-1 ";
/// A key file is two lines; a larger one is something else.
const MAX_KEY_FILE_BYTES: u64 = 4_096;

/// The public key of whoever signed, or has to have signed, a pack: `ed25519:` and 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signer(pub(crate) VerifyingKey);

impl FromStr for Signer {
    type Err = PackingError;

    fn from_str(text: &str) -> Result<Self, PackingError> {
        let digits = text.strip_prefix(PUBLIC).unwrap_or(text);
        let key = from_hex(digits).and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        key.map(Self).ok_or_else(|| PackingError::NoSigner(text.chars().take(100).collect()))
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PUBLIC)?;
        self.0.to_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Signer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A key that signs packs. Wiped when it goes.
pub(crate) struct Key(pub(crate) SigningKey);

impl Key {
    pub(crate) fn draw() -> Result<Self, PackingError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|_| PackingError::NoRandom)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    pub(crate) fn signer(&self) -> Signer {
        Signer(self.0.verifying_key())
    }

    /// The key file's text.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(256));
        // Writing into a string cannot fail.
        let _ =
            writeln!(text, "# Signs packs. Who has this file signs as you. Its signer is {}", self.signer());
        text.push_str(SECRET);
        for byte in Zeroizing::new(self.0.to_bytes()).iter() {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
        text
    }

    /// Reads a key file, which nobody else may be able to read.
    pub(crate) fn read(path: &Path) -> Result<Self, PackingError> {
        use std::os::unix::fs::PermissionsExt;
        let failed = |error| PackingError::file("reading the key", path, error);
        let wrong = |problem| PackingError::KeyFile { path: path.to_owned(), problem };
        let file = std::fs::File::open(path).map_err(failed)?;
        let meta = file.metadata().map_err(failed)?;
        if !meta.is_file() {
            return Err(wrong("is no file"));
        }
        if meta.permissions().mode() & 0o077 != 0 {
            return Err(wrong("can be read or changed by others"));
        }
        let mut text = Zeroizing::new(String::with_capacity(MAX_KEY_FILE_BYTES as usize));
        file.take(MAX_KEY_FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
        let line = text.lines().find_map(|line| line.strip_prefix(SECRET));
        let seed = line.and_then(from_hex).map(Zeroizing::new);
        seed.map(|seed| Self(SigningKey::from_bytes(&seed))).ok_or_else(|| wrong("holds no key"))
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = (digit(0)? << 4 | digit(1)?) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_file_is_read_back_and_only_when_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = Key::draw().unwrap();
        let put = |mode| {
            std::fs::write(&path, key.to_text().as_bytes()).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        put(0o600);
        assert_eq!(Key::read(&path).unwrap().signer(), key.signer());
        for mode in [0o640, 0o604, 0o620] {
            put(mode);
            assert!(matches!(Key::read(&path), Err(PackingError::KeyFile { .. })), "{mode:o}");
        }
        put(0o600);
        std::fs::write(&path, "nothing\n").unwrap();
        assert!(matches!(Key::read(&path), Err(PackingError::KeyFile { .. })));
    }

    #[test]
    fn a_signer_is_read_as_it_is_shown() {
        let signer = Key::draw().unwrap().signer();
        let shown = signer.to_string();
        assert_eq!(shown.parse::<Signer>().unwrap(), signer);
        assert_eq!(shown.trim_start_matches("ed25519:").parse::<Signer>().unwrap(), signer);
        for text in ["", "ed25519:", "ed25519:00", &"g".repeat(64), &"é".repeat(32)] {
            assert!(text.parse::<Signer>().is_err(), "{text}");
        }
    }
}
