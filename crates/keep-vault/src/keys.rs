//! The vault's identity: one X25519 key that opens it, from which the key that signs it is derived. So
//! whoever knows only the public recipient can neither read the vault nor make another in its place.

use crate::error::VaultError;
use crate::value::Value;
use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::{ExposeSecret, SecretString};
use age::x25519;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What a passphrase costs to try: 2^18 rounds of scrypt, about a second.
const WORK_FACTOR: u8 = 18;
/// A file that demands more work than this was not made here.
const MAX_WORK_FACTOR: u8 = 22;
/// An identity file is a few lines, with a passphrase a few more.
pub(crate) const MAX_IDENTITY_BYTES: u64 = 64 << 10;
/// How armored age files begin.
const ARMOR_START: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// The secret half of the vault: the identity and the signing key that follows from it.
pub struct Identity {
    pub(crate) opener: x25519::Identity,
    pub(crate) signer: SigningKey,
}

impl Identity {
    /// Draws a new one.
    #[must_use]
    pub fn generate() -> Self {
        Self::from_opener(x25519::Identity::generate())
    }

    fn from_opener(opener: x25519::Identity) -> Self {
        let text = opener.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(b"keep-vault/1 signing key")
            .expect("HMAC takes a key of any length");
        mac.update(text.expose_secret().as_bytes());
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(mac.finalize().into_bytes().into());
        Self { opener, signer: SigningKey::from_bytes(&seed) }
    }

    /// Reads one as age writes it: comments, and one line with the key.
    ///
    /// # Errors
    /// When there is no such line, or more than one.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let only = match (lines.next(), lines.next()) {
            (Some(line), None) => line,
            _ => return Err(VaultError::NoIdentity),
        };
        only.parse::<x25519::Identity>().map(Self::from_opener).map_err(|_| VaultError::NoIdentity)
    }

    /// The public key that others encrypt to.
    #[must_use]
    pub fn recipient(&self) -> x25519::Recipient {
        self.opener.to_public()
    }

    /// The public half of the signing key.
    pub(crate) fn public(&self) -> [u8; 32] {
        self.signer.verifying_key().to_bytes()
    }

    /// The identity as age reads it. Whoever calls this writes it where only its owner can read it.
    #[must_use]
    pub fn text(&self) -> Value {
        let key = self.opener.to_string();
        let text = format!("# Keep's identity: it opens the vault. Public key: {}\n", self.recipient());
        let mut bytes = Vec::with_capacity(text.len() + key.expose_secret().len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend_from_slice(key.expose_secret().as_bytes());
        bytes.push(b'\n');
        Value::new(bytes)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.recipient())
    }
}

/// What lies in the identity's file.
pub(crate) enum IdentityFile {
    /// The identity itself.
    Plain(Box<Identity>),
    /// The identity under a passphrase.
    Protected(Vec<u8>),
}

/// Reads an identity file; `None` when there is none.
pub(crate) fn read_identity(path: &Path) -> Result<Option<IdentityFile>, VaultError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 << 10));
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(VaultError::file("opening", path, e)),
    };
    file.take(MAX_IDENTITY_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|e| VaultError::file("reading", path, e))?;
    if bytes.starts_with(ARMOR_START.as_bytes()) {
        return Ok(Some(IdentityFile::Protected(bytes.to_vec())));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| VaultError::NoIdentity)?;
    Identity::parse(text).map(|identity| Some(IdentityFile::Plain(Box::new(identity))))
}

/// The bytes of an identity file: plain, or under a passphrase.
pub(crate) fn identity_bytes(
    identity: &Identity,
    passphrase: Option<&SecretString>,
) -> Result<Value, VaultError> {
    let Some(passphrase) = passphrase else { return Ok(identity.text()) };
    let mut recipient = age::scrypt::Recipient::new(passphrase.clone());
    recipient.set_work_factor(WORK_FACTOR);
    let seal = || -> std::io::Result<Vec<u8>> {
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
            .map_err(std::io::Error::other)?;
        let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armor)?;
        writer.write_all(identity.text().reveal())?;
        writer.finish()?.finish()
    };
    seal().map(Value::new).map_err(VaultError::Sealing)
}

/// Opens a protected identity.
pub(crate) fn unprotect(bytes: &[u8], passphrase: &SecretString) -> Result<Identity, VaultError> {
    let mut opener = age::scrypt::Identity::new(passphrase.clone());
    opener.set_max_work_factor(MAX_WORK_FACTOR);
    let decryptor =
        age::Decryptor::new_buffered(ArmoredReader::new(bytes)).map_err(VaultError::BadIdentityFile)?;
    let mut reader = match decryptor.decrypt(std::iter::once(&opener as &dyn age::Identity)) {
        Ok(reader) => reader,
        Err(age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed) => {
            return Err(VaultError::WrongPassphrase);
        }
        Err(error) => return Err(VaultError::BadIdentityFile(error)),
    };
    let mut text = Zeroizing::new(String::with_capacity(4 << 10));
    reader.read_to_string(&mut text).map_err(|e| VaultError::BadIdentityFile(age::DecryptError::Io(e)))?;
    Identity::parse(&text)
}

/// What opens and signs the vault: the identity itself, or the process that holds it.
#[derive(Clone)]
pub(crate) enum Keys {
    Own(Arc<Identity>),
    Held(Arc<crate::hold::Holder>),
}

impl Keys {
    pub(crate) fn opener(&self) -> &dyn age::Identity {
        match self {
            Self::Own(identity) => &identity.opener,
            Self::Held(holder) => &**holder,
        }
    }

    pub(crate) fn recipient(&self) -> Result<x25519::Recipient, VaultError> {
        match self {
            Self::Own(identity) => Ok(identity.recipient()),
            Self::Held(holder) => Ok(holder.recipient.clone()),
        }
    }

    pub(crate) fn verifier(&self) -> VerifyingKey {
        match self {
            Self::Own(identity) => identity.signer.verifying_key(),
            Self::Held(holder) => holder.verifier,
        }
    }

    pub(crate) fn sign(&self, message: &[u8; 32]) -> Result<Signature, VaultError> {
        match self {
            Self::Own(identity) => Ok(identity.signer.sign(message)),
            Self::Held(holder) => holder.sign(message),
        }
    }
}
