//! The vault's file: one age file, whose plaintext begins with a signature over the rest.
//!
//! ```text
//! keep-vault/1
//! <signing key, base64> <signature, base64>
//! <JSON>
//! ```
//!
//! `age -d -i identity vault.age` shows it, so nobody depends on this program to read their secrets.

use crate::contents::Contents;
use crate::error::VaultError;
use crate::keys::Keys;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use keep_types::FieldHasher;
use std::io::{Read, Write};
use zeroize::Zeroizing;

const FORMAT: &str = "keep-vault/1";
/// More than ten thousand secrets with ten versions each usually need; a limit against a file that
/// unpacks without end.
pub(crate) const MAX_PLAIN_BYTES: u64 = 256 << 20;

/// Writes contents into the bytes of a vault file, for the vault's own identity and its recipients.
pub(crate) fn seal(contents: &Contents, keys: &Keys) -> Result<Vec<u8>, VaultError> {
    let body = Zeroizing::new(serde_json::to_vec(contents).map_err(|e| VaultError::Sealing(e.into()))?);
    let signature = keys.sign(&message(&body))?;
    let mut plain = Zeroizing::new(Vec::with_capacity(body.len() + 256));
    plain.extend_from_slice(FORMAT.as_bytes());
    plain.push(b'\n');
    plain.extend_from_slice(BASE64_STANDARD.encode(keys.verifier().as_bytes()).as_bytes());
    plain.push(b' ');
    plain.extend_from_slice(BASE64_STANDARD.encode(signature.to_bytes()).as_bytes());
    plain.push(b'\n');
    plain.extend_from_slice(&body);
    // What could not be read again must not be written.
    check_size(plain.len() as u64)?;
    let mut recipients = vec![keys.recipient()?];
    for entry in &contents.recipients {
        recipients.push(parse_recipient(&entry.recipient)?);
    }
    encrypt(&plain, &recipients)
}

/// Encrypts bytes to recipients.
pub(crate) fn encrypt(plain: &[u8], recipients: &[age::x25519::Recipient]) -> Result<Vec<u8>, VaultError> {
    let wrap = || -> std::io::Result<Vec<u8>> {
        let all = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(all).map_err(std::io::Error::other)?;
        let mut writer = encryptor.wrap_output(Vec::with_capacity(plain.len() + 1_024))?;
        writer.write_all(plain)?;
        writer.finish()
    };
    wrap().map_err(VaultError::Sealing)
}

/// A public key in age's notation.
pub(crate) fn parse_recipient(text: &str) -> Result<age::x25519::Recipient, VaultError> {
    text.trim()
        .parse()
        .map_err(|why: &str| VaultError::BadRecipient { given: shorten(text), why: why.into() })
}

/// What was given instead of a recipient may be an identity, so only its start is repeated.
fn shorten(text: &str) -> String {
    text.trim().chars().take(12).collect::<String>() + "…"
}

/// A vault file that was opened: whose signature it bears, and what is in it.
pub(crate) struct Opened {
    pub(crate) contents: Contents,
    pub(crate) signer: VerifyingKey,
}

/// Decrypts a vault file and checks its signature against the key that should have made it.
pub(crate) fn open(
    bytes: &[u8],
    opener: &dyn age::Identity,
    signer: &VerifyingKey,
) -> Result<Opened, VaultError> {
    let opened = open_unpinned(bytes, opener)?;
    if opened.signer != *signer {
        return Err(VaultError::Forged);
    }
    Ok(opened)
}

/// Decrypts a vault file and checks its signature against the key that it names itself.
pub(crate) fn open_unpinned(bytes: &[u8], opener: &dyn age::Identity) -> Result<Opened, VaultError> {
    let plain = decrypt(bytes, opener)?;
    let mut parts = plain.splitn(3, |byte| *byte == b'\n');
    let (format, signed, body) = (parts.next(), parts.next(), parts.next());
    if format != Some(FORMAT.as_bytes()) {
        return Err(VaultError::Forged);
    }
    let (Some(signed), Some(body)) = (signed, body) else { return Err(VaultError::Forged) };
    let (signer, signature) = parse_signature(signed).ok_or(VaultError::Forged)?;
    signer.verify_strict(&message(body), &signature).map_err(|_| VaultError::Forged)?;
    // The parser's own message could quote what it read.
    let contents: Contents = serde_json::from_slice(body).map_err(|_| VaultError::Unreadable)?;
    Ok(Opened { contents, signer })
}

/// Decrypts an age file whole; a damaged one gives no byte.
pub(crate) fn decrypt(bytes: &[u8], opener: &dyn age::Identity) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let decryptor = age::Decryptor::new_buffered(bytes).map_err(VaultError::of_age)?;
    if decryptor.is_scrypt() {
        return Err(VaultError::NotForUs);
    }
    let reader = decryptor.decrypt(std::iter::once(opener)).map_err(VaultError::of_age)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let read = reader
        .take(MAX_PLAIN_BYTES + 1)
        .read_to_end(&mut plain)
        .map_err(|e| VaultError::Damaged(age::DecryptError::Io(e)))?;
    check_size(read as u64)?;
    Ok(plain)
}

fn check_size(bytes: u64) -> Result<(), VaultError> {
    if bytes > MAX_PLAIN_BYTES {
        return Err(VaultError::TooMany { what: "bytes in the vault", limit: MAX_PLAIN_BYTES as usize });
    }
    Ok(())
}

/// What is signed: the body under a purpose of its own, so that no other signature fits.
fn message(body: &[u8]) -> [u8; 32] {
    *FieldHasher::new(FORMAT).field("body", body).finish().as_bytes()
}

fn parse_signature(line: &[u8]) -> Option<(VerifyingKey, Signature)> {
    let (key, signature) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let key: [u8; 32] = BASE64_STANDARD.decode(key).ok()?.try_into().ok()?;
    let signature: [u8; 64] = BASE64_STANDARD.decode(signature).ok()?.try_into().ok()?;
    Some((VerifyingKey::from_bytes(&key).ok()?, Signature::from_bytes(&signature)))
}

#[cfg(test)]
mod vectors;
