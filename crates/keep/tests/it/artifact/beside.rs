//! Reading beside a collection that spares nothing.

use super::{file, noise, open_home};
use crate::home::KEEP;
use std::io::Read;
use std::process::Stdio;

/// More than a reader asks for ahead and a pipe takes.
const BYTES: usize = 64 << 20;
const GC: [&str; 5] = ["artifact", "gc", "--apply", "--grace", "0ms"];

#[test]
fn what_is_collected_while_it_is_read_is_said_to_be_removed() {
    let home = open_home();
    let bytes = noise(11, BYTES);
    file(&home, "big", &bytes);
    home.ok(&["artifact", "put", "big", "big"]);
    let mut command = home.command(KEEP);
    command.args(["artifact", "cat", "big"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut reading = command.spawn().unwrap();
    let (mut out, mut err) = (reading.stdout.take().unwrap(), reading.stderr.take().unwrap());
    let mut got = vec![0; 1];
    out.read_exact(&mut got).unwrap();
    // From here on it waits for somebody to take what it writes.
    home.ok(&["artifact", "rm", "big", "--all"]);
    home.ok(&GC);
    out.read_to_end(&mut got).unwrap();
    let mut said = String::new();
    err.read_to_string(&mut said).unwrap();
    assert_eq!(reading.wait().unwrap().code(), Some(7), "{said}");
    assert!(said.contains("version 1 of big") && said.contains("was removed while it was read"), "{said}");
    assert!(got.len() < bytes.len() && bytes.starts_with(&got), "{} bytes", got.len());
}
