//! What holds of every reader of files, whatever the file: the replay of the corpus and the fuzz targets share it.
//! Each function says how many memories there were.

use keep_memory::portable::{Damage, Read, graph_server, markdown, mnemosyne, own};

/// Keep's own lines.
pub(crate) fn own(bytes: &[u8]) -> usize {
    let (mut last, mut memories) = (0, 0);
    for read in own::Reader::new(bytes) {
        match read {
            Ok((line, value)) => {
                assert!(line > last, "lines count up");
                last = line;
                memories += usize::from(matches!(value, own::Line::Memory(_)));
                let mut again = Vec::new();
                own::write_header(&mut again, keep_types::Timestamp::from_ms(1_000))
                    .expect("a vector takes all");
                own::write_line(&mut again, &value).expect("a vector takes all");
                let again: Vec<_> = own::Reader::new(again.as_slice()).collect();
                assert_eq!(again, [Ok((2, value))], "what was read is written and read again");
            }
            Err(damage) => placed(&damage, bytes),
        }
    }
    memories
}

/// Markdown, as one file and as a stream.
pub(crate) fn markdown(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    sound(markdown::Reader::new(bytes, "notes.md"), bytes);
    sound(markdown::read_one(&text, "notes.md"), text.as_bytes());
    sound(markdown::read(&text, "notes.md"), text.as_bytes())
}

/// What `mnemosyne export` writes.
pub(crate) fn mnemosyne(bytes: &[u8]) -> usize {
    sound(mnemosyne::Reader::new(bytes), bytes)
}

/// The reference memory server's file.
pub(crate) fn graph_server(bytes: &[u8]) -> usize {
    sound(graph_server::Reader::new(bytes), bytes)
}

/// Everything has its place in the file, and no file makes more than it has bytes.
fn sound(all: impl IntoIterator<Item = Read>, bytes: &[u8]) -> usize {
    let (mut count, mut memories) = (0, 0);
    for read in all {
        count += 1;
        assert!(count <= bytes.len() + 2, "a file of {} bytes never ends", bytes.len());
        match read {
            Read::Memory(line, _) => {
                memories += 1;
                in_file(line, bytes);
            }
            Read::Link(line, _) => in_file(line, bytes),
            Read::Remark(remark) => in_file(remark.line, bytes),
            Read::Damage(damage) => placed(&damage, bytes),
        }
    }
    memories
}

fn placed(damage: &Damage, bytes: &[u8]) {
    in_file(damage.line, bytes);
    assert!(damage.column >= 1 && damage.column as usize <= bytes.len() + 2, "{damage}");
    assert!(!damage.what.is_empty());
}

fn in_file(line: u64, bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
    assert!((1..=lines + 1).contains(&line), "line {line} of {lines}");
}
