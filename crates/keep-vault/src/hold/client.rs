use super::{Answer, MAX_REQUEST_BYTES, PATIENCE, Request, StanzaText, short_path};
use crate::error::VaultError;
use crate::keys::Identity;
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use ed25519_dalek::{Signature, VerifyingKey};
use keep_types::Timestamp;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The holder of this installation's key, seen from another process.
#[derive(Clone)]
pub(crate) struct Holder {
    folder: PathBuf,
    pub(crate) recipient: age::x25519::Recipient,
    pub(crate) verifier: VerifyingKey,
    pub(crate) until: Timestamp,
}

/// The holder that listens in this folder, if there is one.
pub(crate) fn holder(folder: &Path) -> Result<Option<Holder>, VaultError> {
    let Some(answer) = ask(folder, &Request::About)? else { return Ok(None) };
    let Answer::About { recipient, verifier, until_ms } = answer else { return Err(strange()) };
    Ok(Some(Holder {
        folder: folder.to_owned(),
        recipient: recipient.parse().map_err(|_| strange())?,
        verifier: VerifyingKey::from_bytes(&verifier).map_err(|_| strange())?,
        until: Timestamp::from_ms(until_ms),
    }))
}

/// Has the holder forget its key; answers whether there was one.
pub(crate) fn forget(folder: &Path) -> Result<bool, VaultError> {
    match ask(folder, &Request::Forget)? {
        None => Ok(false),
        Some(Answer::Forgotten) => Ok(true),
        Some(_) => Err(strange()),
    }
}

/// Starts a holder: the program itself, with words that lead to [`super::hold`]. The key goes through a
/// pipe, which is no file and no argument.
pub(crate) fn start(
    program: &Path,
    words: &[&str],
    folder: &Path,
    identity: &Identity,
    until: Timestamp,
) -> Result<(), VaultError> {
    let failed = |e: std::io::Error| VaultError::file("starting the key's holder", program, e);
    let mut child = Command::new(program)
        .args(words)
        .env_clear()
        .env(keep_gate::SPAWN_MARKER, "1")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        let head = format!("{}\n", until.ms());
        stdin
            .write_all(head.as_bytes())
            .and_then(|()| stdin.write_all(identity.text().reveal()))
            .map_err(failed)?;
    }
    let mut said = String::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MAX_REQUEST_BYTES).read_to_string(&mut said).map_err(failed)?;
    }
    match said.trim() {
        // It goes on by itself; nobody waits for it.
        "ready" => Ok(()),
        "" => Err(VaultError::Holder("it ended without a word".into())),
        why => Err(VaultError::Holder(why.to_owned())),
    }
}

/// Asks the holder; `None` when nobody listens.
fn ask(folder: &Path, request: &Request) -> Result<Option<Answer>, VaultError> {
    let handle = match File::open(folder) {
        Ok(handle) => handle,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(VaultError::file("opening the folder", folder, e)),
    };
    let stream = match UnixStream::connect(short_path(&handle)) {
        Ok(stream) => stream,
        Err(e)
            if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused) =>
        {
            return Ok(None);
        }
        Err(e) => return Err(VaultError::Holder(e.to_string())),
    };
    let talk = || -> std::io::Result<String> {
        // Whoever listens there as another user is not to be asked anything.
        let peer = rustix::net::sockopt::socket_peercred(&stream)?;
        if peer.uid != rustix::process::geteuid() {
            return Err(std::io::Error::other("another user listens on its socket"));
        }
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        (&stream).write_all(&line)?;
        let mut answer = String::new();
        BufReader::new((&stream).take(MAX_REQUEST_BYTES)).read_line(&mut answer)?;
        Ok(answer)
    };
    let line = zeroize::Zeroizing::new(talk().map_err(|e| VaultError::Holder(e.to_string()))?);
    if line.is_empty() {
        // It forgot the key between taking the call and answering it.
        return Ok(None);
    }
    match serde_json::from_str(&line).map_err(|_| strange())? {
        Answer::Refused(why) => Err(VaultError::Holder(why)),
        answer => Ok(Some(answer)),
    }
}

fn strange() -> VaultError {
    VaultError::Holder("it gave an answer that makes no sense".into())
}

impl Holder {
    pub(crate) fn sign(&self, message: &[u8; 32]) -> Result<Signature, VaultError> {
        match ask(&self.folder, &Request::Sign(*message))? {
            None => Err(VaultError::Locked),
            Some(Answer::Signature(bytes)) => Signature::from_slice(&bytes).map_err(|_| strange()),
            Some(_) => Err(strange()),
        }
    }
}

impl age::Identity for Holder {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, age::DecryptError>> {
        let texts = stanzas.iter().map(|stanza| StanzaText {
            tag: stanza.tag.clone(),
            args: stanza.args.clone(),
            body: stanza.body.clone(),
        });
        match ask(&self.folder, &Request::Unwrap(texts.collect())) {
            Ok(Some(Answer::FileKey(mut bytes))) => {
                Some(Ok(FileKey::init_with_mut(|key: &mut [u8; FILE_KEY_BYTES]| {
                    key.copy_from_slice(&bytes);
                    zeroize::Zeroize::zeroize(&mut bytes);
                })))
            }
            Ok(Some(Answer::NoMatch)) => None,
            Ok(_) => {
                Some(Err(age::DecryptError::Io(std::io::Error::other("the vault was locked meanwhile"))))
            }
            Err(error) => Some(Err(age::DecryptError::Io(std::io::Error::other(error)))),
        }
    }
}
