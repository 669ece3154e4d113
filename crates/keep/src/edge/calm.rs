//! What a program says, on its way to a terminal that is not its own: nothing of it drives the terminal.

use std::io::{self, Write};

/// Writes bytes with everything in them made visible that a terminal would obey. Lines, tabs and returns stay.
pub(crate) struct Calm<W> {
    into: W,
    /// The first byte of what may be a control character in two bytes.
    held: bool,
}

/// Where control characters of eight bits begin in UTF-8.
const FIRST_OF_TWO: u8 = 0xc2;

impl<W: Write> Calm<W> {
    pub(crate) fn new(into: W) -> Self {
        Self { into, held: false }
    }
}

impl<W: Write> Write for Calm<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut calm = Vec::with_capacity(bytes.len());
        for byte in bytes {
            let held = std::mem::take(&mut self.held);
            match *byte {
                0x80..=0x9f if held => calm.extend_from_slice("\u{fffd}".as_bytes()),
                byte => {
                    if held {
                        calm.push(FIRST_OF_TWO);
                    }
                    match byte {
                        FIRST_OF_TWO => self.held = true,
                        b'\n' | b'\t' | b'\r' => calm.push(byte),
                        0..0x20 => calm.extend([b'^', byte + 0x40]),
                        0x7f => calm.extend(b"^?"),
                        byte => calm.push(byte),
                    }
                }
            }
        }
        self.into.write_all(&calm)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::Calm;
    use std::io::Write;

    fn check(pieces: &[&[u8]], want: &str) {
        let mut out = Vec::new();
        let mut calm = Calm::new(&mut out);
        pieces.iter().for_each(|piece| calm.write_all(piece).unwrap());
        drop(calm);
        assert_eq!(String::from_utf8_lossy(&out), want);
    }

    #[test]
    fn nothing_drives_the_terminal() {
        check(&[b"plain\tline\r\n"], "plain\tline\r\n");
        check(&[b"\x1b]52;c;cm0=\x07"], "^[]52;c;cm0=^G");
        check(&["\u{9b}31m".as_bytes()], "\u{fffd}31m");
        check(&[b"\xc2", b"\x9b31m"], "\u{fffd}31m");
        check(&["é©".as_bytes()], "é©");
        check(&[b"\xc2", b"\xa9"], "©");
    }
}
