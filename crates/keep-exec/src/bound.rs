//! What an approval is good for: not a text, but the very act. The files that would run belong to it, so that
//! nobody swaps one between the yes and the run.

use crate::judge::find_program;
use keep_shell::{Analysis, Effect, Part, Sort};
use keep_types::{Digest, FieldHasher};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A larger program is known by its place, size and times: hashing it would take longer than most runs.
const HASHED_BYTES: u64 = 32 << 20;
/// Files that are looked at; a line with more has its words bound all the same.
const MOST_FILES: usize = 64;

/// The files that would run, as far as the words name them: every program, and every file among the words
/// of a program that runs code.
pub(crate) fn files(analysis: &Analysis, program: &Path, path: &str, cwd: &Path) -> Vec<PathBuf> {
    let mut found = vec![program.to_owned()];
    let mut add = |file: PathBuf| {
        if !found.contains(&file) && found.len() < MOST_FILES {
            found.push(file);
        }
    };
    for part in &analysis.parts {
        let known = part.argv.iter().filter(|word| word.sort == Sort::Known);
        for (at, word) in known.enumerate() {
            if at == 0 {
                find_program(&word.text, path, cwd).into_iter().for_each(&mut add);
            } else if runs_code(part) {
                Some(cwd.join(&word.text)).filter(|file| file.is_file()).into_iter().for_each(&mut add);
            }
        }
    }
    found
}

fn runs_code(part: &Part) -> bool {
    part.effects.iter().any(|effect| matches!(effect, Effect::Code { .. } | Effect::UnknownProgram))
}

/// What these files hold now.
pub(crate) fn contents(files: &[PathBuf]) -> Digest {
    let mut all = FieldHasher::new("keep exec files");
    for file in files {
        all = all.field("path", file.as_os_str().as_encoded_bytes());
        all = match content(file) {
            Ok(digest) => all.field("content", digest.as_bytes()),
            // What cannot be read cannot be told from another, and a change of that is a change.
            Err(error) => all.field("unreadable", error.kind().to_string()),
        };
    }
    all.finish()
}

fn content(path: &Path) -> io::Result<Digest> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    if meta.len() > HASHED_BYTES {
        let facts =
            [meta.dev(), meta.ino(), meta.len(), meta.mtime().cast_unsigned(), meta.ctime().cast_unsigned()];
        let bytes: Vec<u8> = facts.iter().flat_map(|fact| fact.to_le_bytes()).collect();
        return Ok(FieldHasher::new("keep exec large file").field("facts", bytes).finish());
    }
    let mut bytes = Vec::new();
    file.take(HASHED_BYTES).read_to_end(&mut bytes)?;
    Ok(Digest::of(&bytes))
}
