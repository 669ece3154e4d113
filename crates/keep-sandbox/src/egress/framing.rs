//! Where a body ends.

use super::http::Body;

/// A chunk's size line is never longer; extensions are refused on the way out and read over on the way in.
const MAX_LINE: usize = 256;
/// All trailers together.
const MAX_TRAILERS: usize = 8 << 10;

/// Why chunks are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body's chunks are not well formed")]
pub struct BadChunks;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size { digits: usize, size: u64 },
    Extension { length: usize, size: u64 },
    SizeEnd { size: u64 },
    Data { left: u64 },
    DataEnd { carriage: bool },
    Trailer { total: usize, line: usize },
    TrailerEnd { total: usize, line: usize },
    End,
}

/// Reads a chunked body as it comes, byte by byte and strictly.
#[derive(Clone, Debug)]
pub struct Chunks {
    state: State,
}

impl Default for Chunks {
    fn default() -> Self {
        Self { state: State::Size { digits: 0, size: 0 } }
    }
}

impl Chunks {
    /// Reads on; hands each piece of data to `piece` and returns how many of the bytes belong to the body.
    /// Those behind its end are not touched.
    ///
    /// # Errors
    /// For anything but sizes in hexadecimal, CR LF, data, CR LF.
    pub fn read(&mut self, bytes: &[u8], mut piece: impl FnMut(&[u8])) -> Result<usize, BadChunks> {
        let mut at = 0;
        while at < bytes.len() && self.state != State::End {
            if let State::Data { left } = self.state {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                piece(&bytes[at..at + here]);
                at += here;
                let left = left - here as u64;
                self.state =
                    if left == 0 { State::DataEnd { carriage: false } } else { State::Data { left } };
                continue;
            }
            self.state = step(self.state, bytes[at])?;
            at += 1;
        }
        Ok(at)
    }

    /// Whether the empty chunk and the trailers behind it have been read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state == State::End
    }
}

fn step(state: State, byte: u8) -> Result<State, BadChunks> {
    match (state, byte) {
        (State::Size { digits, size }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < 15 => {
            let digit = (byte as char).to_digit(16).ok_or(BadChunks)?;
            Ok(State::Size { digits: digits + 1, size: size * 16 + u64::from(digit) })
        }
        (State::Size { digits: 1.., size }, b'\r') => Ok(State::SizeEnd { size }),
        (State::Size { digits: 1.., size }, b';') => Ok(State::Extension { length: 0, size }),
        (State::Extension { size, .. }, b'\r') => Ok(State::SizeEnd { size }),
        (State::Extension { length, size }, byte) if length < MAX_LINE && !byte.is_ascii_control() => {
            Ok(State::Extension { length: length + 1, size })
        }
        (State::SizeEnd { size: 0 }, b'\n') => Ok(State::Trailer { total: 0, line: 0 }),
        (State::SizeEnd { size }, b'\n') => Ok(State::Data { left: size }),
        (State::DataEnd { carriage: false }, b'\r') => Ok(State::DataEnd { carriage: true }),
        (State::DataEnd { carriage: true }, b'\n') => Ok(State::Size { digits: 0, size: 0 }),
        (State::Trailer { total, line }, b'\r') => Ok(State::TrailerEnd { total, line }),
        (State::Trailer { total, line }, byte)
            if total < MAX_TRAILERS && (byte == b'\t' || !byte.is_ascii_control()) =>
        {
            Ok(State::Trailer { total: total + 1, line: line + 1 })
        }
        (State::TrailerEnd { line: 0, .. }, b'\n') => Ok(State::End),
        (State::TrailerEnd { total, .. }, b'\n') => Ok(State::Trailer { total, line: 0 }),
        _ => Err(BadChunks),
    }
}

/// Follows a body to its end.
#[derive(Clone, Debug)]
pub(crate) enum Follow {
    Length(u64),
    Chunked(Chunks),
    UntilClose,
}

impl Follow {
    pub(crate) fn new(body: Body) -> Self {
        match body {
            Body::Length(length) => Self::Length(length),
            Body::Chunked => Self::Chunked(Chunks::default()),
            Body::UntilClose => Self::UntilClose,
        }
    }

    pub(crate) fn is_complete(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.is_complete(),
            Self::UntilClose => false,
        }
    }

    /// What of these bytes belongs to the body, as it is passed on. Chunks are written anew, so that the
    /// other side gets no extension and no trailer.
    pub(crate) fn pass(&mut self, bytes: &[u8]) -> Result<Vec<u8>, BadChunks> {
        match self {
            Self::UntilClose => Ok(bytes.to_vec()),
            Self::Length(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= here as u64;
                Ok(bytes[..here].to_vec())
            }
            Self::Chunked(chunks) => {
                let mut out = Vec::with_capacity(bytes.len() + 16);
                chunks.read(bytes, |piece| {
                    out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                    out.extend_from_slice(piece);
                    out.extend_from_slice(b"\r\n");
                })?;
                if chunks.is_complete() {
                    out.extend_from_slice(b"0\r\n\r\n");
                }
                Ok(out)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &[u8], step: usize) -> Result<(Vec<u8>, usize, bool), BadChunks> {
        let mut chunks = Chunks::default();
        let (mut data, mut read) = (Vec::new(), 0);
        for part in text.chunks(step) {
            let here = chunks.read(part, |piece| data.extend_from_slice(piece))?;
            read += here;
            if here < part.len() {
                break;
            }
        }
        Ok((data, read, chunks.is_complete()))
    }

    #[test]
    fn a_body_ends_where_it_ends() {
        let text = b"5\r\nhello\r\n1;ext=1\r\n!\r\n0\r\nTrailer: x\r\n\r\nGET http://next/";
        let end = text.len() - b"GET http://next/".len();
        for step in 1..text.len() {
            let (data, read, complete) = decoded(text, step).unwrap();
            assert_eq!((data.as_slice(), read, complete), (b"hello!".as_slice(), end, true), "{step}");
        }
    }

    #[test]
    fn chunks_that_two_programs_read_differently_are_refused() {
        for text in [
            "5\nhello\n0\n\n",
            "5 \r\nhello\r\n",
            "0x5\r\nhello\r\n",
            "-5\r\nhello\r\n",
            "\r\n",
            ";\r\n",
            "5\r\nhello0\r\n\r\n",
            "5\r\nhello\n",
            "5\r\r\nhello\r\n",
            "ffffffffffffffff\r\n",
            "5;a\nb\r\nhello\r\n",
            "0\r\nA: b\nC: d\r\n\r\n",
        ] {
            assert_eq!(decoded(text.as_bytes(), 1), Err(BadChunks), "{text:?}");
        }
        let long = format!("1;{}\r\n", "x".repeat(1 << 16));
        assert_eq!(decoded(long.as_bytes(), 100), Err(BadChunks));
        let trailers = format!("0\r\n{}", "A: b\r\n".repeat(1 << 14));
        assert_eq!(decoded(trailers.as_bytes(), 100), Err(BadChunks));
    }
}
