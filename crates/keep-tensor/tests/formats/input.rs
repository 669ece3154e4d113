//! Input that fails is an error, whenever it fails, and never a note about the file.

use super::damage::names;
use super::{file, read};
use keep_tensor::format::{Limits, layout};
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// A file whose input fails from the given call on.
struct Failing {
    file: Cursor<Vec<u8>>,
    calls_left: usize,
}

impl Failing {
    fn call(&mut self) -> io::Result<()> {
        self.calls_left =
            self.calls_left.checked_sub(1).ok_or_else(|| io::Error::other("the disk is gone"))?;
        Ok(())
    }
}

impl Read for Failing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.call()?;
        // Little at a time, as inputs may.
        let most = into.len().min(100);
        self.file.read(&mut into[..most])
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.call()?;
        self.file.seek(to)
    }
}

#[test]
fn input_that_fails_at_any_call_is_an_error() {
    for name in names() {
        let bytes = file(&name);
        let len = bytes.len() as u64;
        let sound = read(&bytes, &name);
        for calls in 0.. {
            let mut input = Failing { file: Cursor::new(bytes.clone()), calls_left: calls };
            match layout(&mut input, len, &name, &Limits::default()) {
                Ok(found) => {
                    assert_eq!(found, sound);
                    assert!(calls > 2, "{name} was not read");
                    break;
                }
                Err(error) => assert!(format!("{:?}", error).contains("the disk is gone")),
            }
        }
    }
}

#[test]
fn a_file_shorter_than_it_was_said_to_be_is_an_error() {
    for name in names() {
        let bytes = file(&name);
        let len = bytes.len() as u64 + 1;
        // Formats that end where their header says do not look at what follows.
        if let Ok(found) = layout(&mut Cursor::new(&bytes), len, &name, &Limits::default()) {
            super::checks::exact(&found, len);
        }
        let none = layout(&mut Cursor::new(&[]), len, &name, &Limits::default());
        assert!(none.is_err());
    }
}

/// Only headers are looked at, so a file of terabytes costs no more than a small one.
#[test]
fn a_file_beyond_memory_is_laid_out() {
    let size = 5_u64 << 40;
    let header = format!(r#"{{"t":{{"dtype":"BF16","shape":[{},2],"data_offsets":[0,{size}]}}}}"#, size / 4);
    let start = [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
    let len = start.len() as u64 + size;
    let found = layout(&mut Cursor::new(&start), len, "", &Limits::default()).unwrap();
    super::checks::exact(&found, len);
    assert_eq!((found.regions[1].start, found.regions[1].len), (start.len() as u64, size));
}
