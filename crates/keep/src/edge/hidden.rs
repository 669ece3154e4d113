//! What a person types unseen, and yes or no.

use super::failure::Failure;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use zeroize::Zeroizing;

/// A longer line is pasted by mistake.
const MAX_TYPED_BYTES: usize = 64 << 10;
const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const CTRL_U: u8 = 21;
const BACKSPACE: [u8; 2] = [8, 127];

/// Puts the terminal back as it was, however the prompt ends.
struct Unseen<'a> {
    tty: &'a File,
    before: Termios,
}

impl<'a> Unseen<'a> {
    fn new(tty: &'a File) -> std::io::Result<Self> {
        let before = tcgetattr(tty)?;
        let mut quiet = before.clone();
        // Signals off, too: Ctrl-C must not leave a terminal without echo behind.
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(tty, OptionalActions::Flush, &quiet)?;
        Ok(Self { tty, before })
    }
}

impl Drop for Unseen<'_> {
    fn drop(&mut self) {
        // There is nobody to tell that this failed but the terminal itself.
        let _ = tcsetattr(self.tty, OptionalActions::Now, &self.before);
    }
}

/// Asks for something at the terminal without showing it.
pub(crate) fn ask_hidden(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let tty = terminal(OTHERWISE)?;
    let read = || -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
        // What was typed before the prompt is thrown away; so it must not show before that is done.
        let unseen = Unseen::new(&tty)?;
        (&tty).write_all(prompt.as_bytes())?;
        let typed = read_line(&tty);
        drop(unseen);
        (&tty).write_all(b"\n")?;
        typed
    };
    let typed = read().map_err(|e| Failure::file("reading from", std::path::Path::new("/dev/tty"), e))?;
    typed.ok_or(Failure::Interrupted)
}

fn read_line(mut tty: &File) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut typed = Zeroizing::new(Vec::with_capacity(MAX_TYPED_BYTES));
    let mut byte = Zeroizing::new([0u8; 1]);
    loop {
        if tty.read(&mut *byte)? == 0 {
            return Ok(None);
        }
        match byte[0] {
            b'\r' | b'\n' => return Ok(Some(typed)),
            CTRL_C => return Ok(None),
            CTRL_D if typed.is_empty() => return Ok(None),
            CTRL_D => return Ok(Some(typed)),
            CTRL_U => typed.clear(),
            b if BACKSPACE.contains(&b) => {
                // A character may be several bytes.
                while typed.pop().is_some_and(|last| last & 0xc0 == 0x80) {}
            }
            _ if typed.len() >= MAX_TYPED_BYTES => {
                return Err(std::io::Error::other("the line is too long"));
            }
            b => typed.push(b),
        }
    }
}

/// Where a value comes from when nobody can be asked.
const OTHERWISE: &str = "give the value on standard input or with --file";

/// Asks twice for something that is chosen now, until both are the same.
pub(crate) fn choose_hidden(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let first = ask_hidden(&format!("{prompt}: "))?;
    let again = ask_hidden("The same again: ")?;
    if first != again {
        return Err(Failure::usage("the two are not the same", "try again"));
    }
    Ok(first)
}

/// Asks for yes or no; anything but yes is no. Where there is no terminal, the hint says what to do instead.
pub(crate) fn confirm(question: &str, hint: &str) -> Result<Answered, Failure> {
    let tty = terminal(hint)?;
    let ask = || -> std::io::Result<String> {
        (&tty).write_all(format!("{question} [y/N] ").as_bytes())?;
        let mut line = String::new();
        BufReader::new(tty.try_clone()?).read_line(&mut line)?;
        Ok(line)
    };
    let line = ask().map_err(|e| Failure::file("reading from", std::path::Path::new("/dev/tty"), e))?;
    Ok(if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") { Answered::Yes } else { Answered::No })
}

/// What a person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Yes,
    No,
}

fn terminal(hint: &str) -> Result<File, Failure> {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/tty");
    opened.map_err(|_| Failure::usage("there is no terminal to ask at", hint))
}
