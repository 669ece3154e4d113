//! Ratio and speed on one core, with the hash of the stored bytes, for safetensors files:
//! `measure [--base FILE] [--chunk KIB] FILE...`

use keep_tensor::codec::{Codec, Content};
use keep_tensor::{Dtype, Hash};
use std::error::Error;
use std::time::Instant;

/// Runs whose best counts: the machine has other work.
const ROUNDS: usize = 5;

struct Tensor {
    name: String,
    dtype: Dtype,
    start: usize,
    end: usize,
}

/// Enough of the format to measure with; the reader that is used in earnest checks far more.
fn tensors(bytes: &[u8]) -> Result<Vec<Tensor>, Box<dyn Error>> {
    let size = u64::from_le_bytes(bytes.get(..8).ok_or("too short")?.try_into()?) as usize;
    let header: serde_json::Value = serde_json::from_slice(bytes.get(8..8 + size).ok_or("too short")?)?;
    let mut found = Vec::new();
    for (name, entry) in header.as_object().ok_or("the header is no object")? {
        if name == "__metadata__" {
            continue;
        }
        let dtype = match entry["dtype"].as_str() {
            Some("BF16") => Dtype::Bf16,
            Some("F16") => Dtype::F16,
            Some("F32") => Dtype::F32,
            Some("F64") => Dtype::F64,
            Some("I64") => Dtype::I64,
            Some("I32") => Dtype::I32,
            _ => Dtype::U8,
        };
        let place = |at: usize| entry["data_offsets"][at].as_u64().map(|offset| offset as usize + 8 + size);
        let (start, end) = (place(0).ok_or("no offset")?, place(1).ok_or("no offset")?);
        found.push(Tensor { name: name.clone(), dtype, start, end });
    }
    Ok(found)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut base, mut chunk, mut files) = (None, 512 << 10, Vec::new());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--base" => base = Some(std::fs::read(words.next().ok_or("--base FILE")?)?),
            "--chunk" => chunk = words.next().ok_or("--chunk KIB")?.parse::<usize>()? << 10,
            _ => files.push(word),
        }
    }
    for file in files {
        let bytes = std::fs::read(&file)?;
        measure(&file, &bytes, base.as_deref(), chunk)?;
    }
    Ok(())
}

/// A chunk, and what the base has in its place.
type Work<'a> = (Content, &'a [u8], Option<&'a [u8]>);

/// Says what the differences saved, and where they cost more than they saved.
fn beside_alone(
    codec: &mut Codec,
    work: &[Work<'_>],
    stored: &[(Vec<u8>, Hash)],
) -> Result<(), Box<dyn Error>> {
    let (mut alone, mut sum, mut worse, mut most) = (Vec::new(), 0, 0, 0);
    for ((content, raw, _), (stored, _)) in work.iter().zip(stored) {
        codec.encode(*content, raw, None, &mut alone)?;
        sum += alone.len();
        worse += usize::from(stored.len() > alone.len());
        most = most.max(stored.len().saturating_sub(alone.len()));
    }
    let raw_bytes: usize = work.iter().map(|(_, raw, _)| raw.len()).sum();
    println!(
        "alone {:.4}x; beside the base {worse} chunks are larger, by at most {most} bytes",
        raw_bytes as f64 / sum as f64
    );
    Ok(())
}

fn measure(file: &str, bytes: &[u8], base: Option<&[u8]>, chunk: usize) -> Result<(), Box<dyn Error>> {
    let base_tensors = base.map(tensors).transpose()?.unwrap_or_default();
    let mut work = Vec::new();
    for tensor in tensors(bytes)? {
        let other = base_tensors.iter().find(|other| other.name == tensor.name);
        let other = other.zip(base).map(|(other, base)| &base[other.start..other.end]);
        for (at, raw) in bytes[tensor.start..tensor.end].chunks(chunk).enumerate() {
            let other = other.and_then(|other| other.chunks(chunk).nth(at));
            work.push((Content::Elements(tensor.dtype), raw, other));
        }
    }
    let mut codec = Codec::new()?;
    let raw_bytes: usize = work.iter().map(|(_, raw, _)| raw.len()).sum();
    let mut stored = vec![(Vec::new(), Hash::of(&[])); work.len()];
    let mut out = vec![0; chunk];
    // The best of each chunk, added up: what other programs take from the core falls out.
    let mut encoding = vec![f64::MAX; work.len()];
    let mut decoding = encoding.clone();
    for _ in 0..ROUNDS {
        for (((content, raw, base), (stored, hash)), best) in work.iter().zip(&mut stored).zip(&mut encoding)
        {
            let begun = Instant::now();
            codec.encode(*content, raw, *base, stored)?;
            *hash = Hash::of(stored);
            *best = best.min(begun.elapsed().as_secs_f64());
        }
        for (((_, raw, base), (stored, hash)), best) in work.iter().zip(&stored).zip(&mut decoding) {
            let begun = Instant::now();
            if Hash::of(stored) != *hash {
                return Err("a hash does not hold".into());
            }
            codec.decode(stored, *base, &mut out[..raw.len()])?;
            *best = best.min(begun.elapsed().as_secs_f64());
        }
    }
    for ((_, raw, base), (stored, _)) in work.iter().zip(&stored) {
        codec.decode(stored, *base, &mut out[..raw.len()])?;
        if out[..raw.len()] != **raw {
            return Err("a chunk did not come back".into());
        }
    }
    if base.is_some() {
        beside_alone(&mut codec, &work, &stored)?;
    }
    let stored_bytes: usize = stored.iter().map(|(stored, _)| stored.len()).sum();
    let speed = |seconds: &[f64]| raw_bytes as f64 / seconds.iter().sum::<f64>() / 1e9;
    println!(
        "{file}: {:.4}x, {:.2} GB/s in, {:.2} GB/s out, {} chunks",
        raw_bytes as f64 / stored_bytes as f64,
        speed(&encoding),
        speed(&decoding),
        work.len()
    );
    Ok(())
}
