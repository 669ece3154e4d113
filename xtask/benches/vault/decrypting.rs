//! What the age crate alone costs on the same vault: what is above it is the vault's own.

use super::{Beside, Res, time};
use std::fs;
use std::io::Read;
use std::path::Path;

/// Reads identity and vault from their files and decrypts, as often as everything else is timed.
pub(crate) fn beside(home: &Path) -> Res<Beside> {
    let (identity, vault) = (home.join("config/identity"), home.join("data/vault.age"));
    let bytes = decrypt(&identity, &vault)?;
    assert!(bytes > 0, "there is something in the vault");
    let ms = time(|| decrypt(&identity, &vault));
    Ok(Beside::new("age crate, decrypting the same file", ms, "ms"))
}

fn decrypt(identity: &Path, vault: &Path) -> Res<usize> {
    let text = fs::read_to_string(identity)?;
    let key = text.lines().find(|line| !line.starts_with('#')).ok_or("no key in the identity's file")?;
    let key: age::x25519::Identity = key.parse()?;
    let bytes = fs::read(vault)?;
    let decryptor = age::Decryptor::new_buffered(&bytes[..])?;
    let mut plain = Vec::with_capacity(bytes.len());
    Ok(decryptor.decrypt(std::iter::once(&key as &dyn age::Identity))?.read_to_end(&mut plain)?)
}
