//! What the artifacts promise, checked on a real installation.

use crate::error::ArtifactError;
use crate::manifest::{Entry, EntryKind, Head, Manifest, Shape, Sums};
use keep_blob::{BlobId, BlobOptions, BlobStore, BlobUrl};
use keep_types::{Adversary, Installation, Name, Namespace, Probe, Promise, Timestamp, Twin, Verdict, chain};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Stored objects that are looked at: a probe is no verification of terabytes.
const MAX_BLOBS: usize = 64;
/// How much of a file is searched at once.
const PIECE: usize = 1 << 20;
/// A key id of AWS is one of these and sixteen capitals or digits.
const KEY_STARTS: [&[u8]; 2] = [b"AKIA", b"ASIA"];
const KEY_REST: usize = 16;
/// What stands before a secret key in the files of AWS and in its environment.
const SECRET_NAMES: [&[u8]; 2] = [b"aws_secret_access_key", b"AWS_SECRET_ACCESS_KEY="];

/// The artifacts' promises with their checks and the twins that break them.
#[must_use]
pub fn probes() -> Vec<Probe> {
    let mut all = vec![
        Probe {
            promise: Promise {
                id: "ARTIFACT-1",
                claim: "What is restored was checked: a stored object with one flipped byte is refused",
                against: Adversary::OtherUser,
            },
            run: |at| verdict(objects_are_whole(at)),
            twin: Twin::Installation(|at| flip_a_byte(at).map_err(|error| error.to_string())),
        },
        Probe {
            promise: Promise {
                id: "ARTIFACT-2",
                claim: "No credential of a store stands in any file of the installation",
                against: Adversary::OtherUser,
            },
            run: |at| verdict(no_credentials(at)),
            twin: Twin::Installation(|at| {
                let line = "[default]\naws_secret_access_key = twin\n";
                fs::write(at.config.join("store-credentials"), line).map_err(|error| error.to_string())
            }),
        },
        Probe {
            promise: Promise {
                id: "ARTIFACT-3",
                claim: "A manifest from another's store cannot lead a restoration out of its folder, nor claim sizes that are not there",
                against: Adversary::HostileInput,
            },
            run: |_| verdict(hostile_are_refused(Manifest::from_bytes)),
            twin: Twin::Program(|_| verdict(hostile_are_refused(Manifest::unchecked))),
        },
    ];
    all.extend(crate::packing::probes());
    all
}

fn verdict(found: Result<Option<String>, String>) -> Verdict {
    match found {
        Ok(None) => Verdict::Pass,
        Ok(Some(why)) => Verdict::NotApplicable(why),
        Err(why) => Verdict::Fail(why),
    }
}

fn blobs_of(at: &Installation) -> PathBuf {
    at.data.join("blobs")
}

/// Reads stored objects the way a restoration does.
fn objects_are_whole(at: &Installation) -> Result<Option<String>, String> {
    let folder = blobs_of(at);
    if !folder.is_dir() {
        return Ok(Some("no artifacts are stored in the data folder".into()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(async {
        let failed = |error: keep_blob::BlobError| chain(&error).join(": ");
        let url = BlobUrl::Folder(folder);
        let store = BlobStore::open(&url, BlobOptions::default()).await.map_err(failed)?;
        let (mut pages, mut seen) = (store.list(), 0);
        while let Some(page) = pages.next().await.map_err(failed)? {
            for entry in page {
                if seen == MAX_BLOBS {
                    return Ok(None);
                }
                store.get(&entry.id).await.map_err(failed)?;
                seen += 1;
            }
        }
        Ok(None)
    })
}

/// Flips a bit in the middle of the first stored object that is found.
fn flip_a_byte(at: &Installation) -> std::io::Result<()> {
    let files = files_below(&blobs_of(at).join("blobs"), &[])?;
    let path = files.first().ok_or_else(|| std::io::Error::other("there is no stored object"))?;
    let mut permissions = fs::metadata(path)?.permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    fs::set_permissions(path, permissions)?;
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(path, flags, rustix::fs::Mode::empty())?);
    let (middle, mut byte) = (file.metadata()?.len() / 2, [0]);
    file.seek(SeekFrom::Start(middle))?;
    file.read_exact(&mut byte)?;
    file.seek(SeekFrom::Start(middle))?;
    file.write_all(&[byte[0] ^ 1])
}

fn files_below(folder: &Path, except: &[PathBuf]) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let (path, kind) = {
            let entry = entry?;
            (entry.path(), entry.file_type()?)
        };
        if except.contains(&path) {
            continue;
        }
        if kind.is_dir() {
            found.extend(files_below(&path, except)?);
        } else if kind.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Searches every file but the stored objects, which are what people put there, and the vault, which is
/// where a credential belongs.
fn no_credentials(at: &Installation) -> Result<Option<String>, String> {
    let except = [blobs_of(at), at.data.join("vault.age")];
    for folder in [&at.data, &at.config, &at.state] {
        let files = files_below(folder, &except).map_err(|e| format!("{}: {e}", folder.display()))?;
        for path in files {
            if holds_credential(&path).map_err(|e| format!("{}: {e}", path.display()))? {
                return Err(format!("{} holds what looks like a store's credential", path.display()));
            }
        }
    }
    Ok(None)
}

fn holds_credential(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    // Pieces overlap, so that nothing hides on an edge.
    let overlap = 64;
    let mut piece = Vec::with_capacity(PIECE + overlap);
    loop {
        let kept = piece.len().min(overlap);
        piece.drain(..piece.len() - kept);
        let got = (&mut file).take(PIECE as u64).read_to_end(&mut piece)?;
        if looks_like_one(&piece) {
            return Ok(true);
        }
        if got == 0 {
            return Ok(false);
        }
    }
}

fn looks_like_one(bytes: &[u8]) -> bool {
    let key = |start: &&[u8]| {
        bytes.windows(start.len() + KEY_REST).any(|window| {
            window.starts_with(start)
                && window[start.len()..].iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        })
    };
    let named = |name: &&[u8]| bytes.windows(name.len()).any(|window| window == *name);
    KEY_STARTS.iter().any(key) || SECRET_NAMES.iter().any(named)
}

type Read1 = fn(&[u8]) -> Result<Manifest, ArtifactError>;

/// Hands manifests that lie to whoever reads them.
fn hostile_are_refused(read: Read1) -> Result<Option<String>, String> {
    for (what, manifest) in hostile()? {
        let bytes = manifest.to_bytes().map_err(|error| error.to_string())?;
        if read(&bytes).is_ok() {
            return Err(format!("a manifest with {what} was taken for good"));
        }
    }
    Ok(None)
}

fn hostile() -> Result<Vec<(&'static str, Manifest)>, String> {
    let name: Name = "hostile".parse().map_err(|_| "a name".to_owned())?;
    let with = |entries: Vec<Entry>| Manifest {
        head: Head {
            namespace: Namespace::Global,
            name: name.clone(),
            number: 1,
            made: Timestamp::from_ms(0),
            by: String::new(),
            shape: Shape::Folder,
            entries,
            sums: Sums::default(),
        },
        bundles: Vec::new(),
        regions: Vec::new(),
        chunks: Vec::new(),
    };
    let folder = |path: &str| Entry { path: path.into(), kind: EntryKind::Folder { mode: 0o755 } };
    let link = |path: &str, target: &str| Entry {
        path: path.into(),
        kind: EntryKind::Link { target: target.into() },
    };
    let mut bomb = with(Vec::new());
    bomb.head.sums.raw_bytes = u64::MAX;
    let mut bundle = with(Vec::new());
    bundle.bundles.push(crate::manifest::BundleRef { id: BlobId::of(b""), bytes: u64::MAX });
    Ok(vec![
        ("a path above its folder", with(vec![folder("../evil")])),
        ("an absolute path", with(vec![folder("/etc/evil")])),
        ("a link that leads out", with(vec![link("a", "../../etc")])),
        ("an absolute link", with(vec![link("a", "/etc")])),
        ("a path beneath a link", with(vec![link("a", "b"), folder("a/c")])),
        ("a path twice", with(vec![folder("a"), folder("a")])),
        ("a size that is not there", bomb),
        ("a bundle of all sizes", bundle),
    ])
}
