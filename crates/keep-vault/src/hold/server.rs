use super::{Answer, MAX_REQUEST_BYTES, PATIENCE, Request, SOCKET, StanzaText, short_path};
use crate::error::VaultError;
use crate::keys::Identity;
use crate::protect::protect_process;
use age::Identity as _;
use age::secrecy::ExposeSecret;
use age_core::format::Stanza;
use ed25519_dalek::Signer;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// How often the time is looked at: a machine that slept must not keep the key longer than was said.
const TICK_MS: i64 = 15_000;

/// Holds a key until its time is over or it is told to forget. The key and the time come on standard
/// input; `ready` on standard output says that it is held. The working folder is where the socket goes.
///
/// # Errors
/// When the process or its memory cannot be protected, or the socket cannot be made.
pub fn hold() -> Result<(), VaultError> {
    protect_process()?;
    // A session of its own, so that closing the terminal does not end it.
    let _ = rustix::process::setsid();
    let (until_ms, identity) = read_input()?;
    let keys = Locked::new(identity)?;
    let here = Path::new(".");
    let folder = File::open(here).map_err(|e| VaultError::file("opening the folder", here, e))?;
    let listener = listen(&folder)?;
    let ready = || -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(b"ready\n")?;
        out.flush()?;
        let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
        rustix::stdio::dup2_stdin(&null)?;
        rustix::stdio::dup2_stdout(&null)?;
        Ok(())
    };
    ready().map_err(|e| VaultError::Holder(e.to_string()))?;
    serve(&listener, &keys, until_ms);
    drop(keys);
    // The next holder replaces a socket that could not be removed.
    let _ = std::fs::remove_file(short_path(&folder));
    Ok(())
}

/// The identity in one allocation that stays in memory.
struct Locked {
    identity: Box<Identity>,
    _guard: region::LockGuard,
}

impl Locked {
    fn new(identity: Identity) -> Result<Self, VaultError> {
        let identity = Box::new(identity);
        let guard = region::lock(std::ptr::from_ref(&*identity), size_of::<Identity>())
            .map_err(|e| VaultError::MemoryLock(std::io::Error::other(e)))?;
        Ok(Self { identity, _guard: guard })
    }
}

fn read_input() -> Result<(i64, Identity), VaultError> {
    let failed = |e: std::io::Error| VaultError::Holder(e.to_string());
    // Not by way of the standard library's buffer, which would keep a copy.
    let mut bytes = Zeroizing::new(vec![0u8; 4 << 10]);
    let mut filled = 0;
    loop {
        let read =
            rustix::io::read(rustix::stdio::stdin(), &mut bytes[filled..]).map_err(|e| failed(e.into()))?;
        filled += read;
        if read == 0 {
            break;
        }
    }
    let text = std::str::from_utf8(&bytes[..filled]).map_err(|_| VaultError::NoIdentity)?;
    let (until, identity) = text.split_once('\n').ok_or(VaultError::NoIdentity)?;
    let until = until.parse().map_err(|_| VaultError::NoIdentity)?;
    Ok((until, Identity::parse(identity)?))
}

fn listen(folder: &File) -> Result<UnixListener, VaultError> {
    let path = short_path(folder);
    let shown = Path::new(SOCKET);
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(VaultError::file("replacing", shown, e));
        }
        _ => {}
    }
    let listener = UnixListener::bind(&path).map_err(|e| VaultError::file("making", shown, e))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
        .map_err(|e| VaultError::file("closing to others", shown, e))?;
    Ok(listener)
}

fn serve(listener: &UnixListener, keys: &Locked, until_ms: i64) {
    while now_ms() < until_ms {
        let mut waiting = [PollFd::new(listener, PollFlags::IN)];
        let left_ms = (until_ms - now_ms()).clamp(0, TICK_MS);
        let tick = Timespec { tv_sec: left_ms / 1_000, tv_nsec: left_ms % 1_000 * 1_000_000 };
        match poll(&mut waiting, Some(&tick)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            Ok(_) => {}
            Err(_) => return,
        }
        let Ok((stream, _)) = listener.accept() else { continue };
        if now_ms() >= until_ms {
            return;
        }
        // A caller that went away or talks nonsense is its own loss.
        if let Ok(End::Forget) = answer(&stream, &keys.identity, until_ms) {
            return;
        }
    }
}

/// Whether the holder goes on.
enum End {
    Not,
    Forget,
}

fn answer(stream: &UnixStream, identity: &Identity, until_ms: i64) -> std::io::Result<End> {
    let peer = rustix::net::sockopt::socket_peercred(stream)?;
    if peer.uid != rustix::process::geteuid() {
        return Ok(End::Not);
    }
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(MAX_REQUEST_BYTES)).read_line(&mut line)?;
    let (answer, end) = match serde_json::from_str(&line) {
        Ok(Request::About) => {
            let verifier = identity.signer.verifying_key().to_bytes();
            (Answer::About { recipient: identity.recipient().to_string(), verifier, until_ms }, End::Not)
        }
        Ok(Request::Unwrap(stanzas)) => (unwrap(identity, stanzas), End::Not),
        Ok(Request::Sign(message)) => {
            (Answer::Signature(identity.signer.sign(&message).to_bytes().to_vec()), End::Not)
        }
        Ok(Request::Forget) => (Answer::Forgotten, End::Forget),
        Err(_) => (Answer::Refused("the request makes no sense".into()), End::Not),
    };
    let mut bytes = Zeroizing::new(serde_json::to_vec(&answer)?);
    bytes.push(b'\n');
    (&mut &*stream).write_all(&bytes)?;
    Ok(end)
}

fn unwrap(identity: &Identity, stanzas: Vec<StanzaText>) -> Answer {
    let stanzas: Vec<_> =
        stanzas.into_iter().map(|text| Stanza { tag: text.tag, args: text.args, body: text.body }).collect();
    match identity.opener.unwrap_stanzas(&stanzas) {
        None => Answer::NoMatch,
        Some(Ok(key)) => Answer::FileKey(*key.expose_secret()),
        Some(Err(error)) => Answer::Refused(error.to_string()),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
