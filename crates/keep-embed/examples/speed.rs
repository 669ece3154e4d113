//! What opening, embedding and comparing cost on this machine: `cargo run --release --example speed`.

use keep_embed::{Embedder, SignCode, Table, dot_codes, quantise};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Texts of about forty tokens, as memories are.
const TEXTS: &[&str] = &[
    "We decided to keep the job queue in PostgreSQL instead of Redis because the team already runs a backup of it, \
     and a lost job costs more than a slow one; see the notes of last Tuesday.",
    "Emma said that her sister moved to Lisbon in March, that she misses the Sunday dinners, and that the two of \
     them are planning a trip along the coast when the children have their holidays.",
    "`cargo test -p keep-db` fails on machines with one core: the writer thread starves while the readers spin, so \
     the timeout of 200 ms in `lock.rs` passes. Raised it, and made the readers park.",
    "Zoë’s résumé lists “naïve Bayes”, a café near the Champs-Élysées, 東京 and Ελλάδα — and she prefers e-mail \
     to phone calls… at least before 10 o’clock, she wrote to us yesterday.",
];

/// The median over some rounds of the time that `work` takes, divided by `count`.
fn median(rounds: usize, count: usize, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[rounds / 2] / count as u32
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let table = Table::built_in()?;
    println!("first open            {:>10.1?}", start.elapsed());
    let mut vector = vec![0.0; table.dimensions()];
    let start = Instant::now();
    table.embed(TEXTS[0], &mut vector)?;
    println!("first text            {:>10.1?}", start.elapsed());
    println!("open again            {:>10.1?}", median(101, 1, || drop(black_box(Table::built_in()))));
    println!("verify the digest     {:>10.1?}", median(11, 1, || drop(black_box(table.verify()))));
    for text in TEXTS {
        let tokens = table.tokenizer().tokens(text).len();
        let cut = median(101, 100, || (0..100).for_each(|_| drop(black_box(table.tokenizer().tokens(text)))));
        let whole =
            median(101, 100, || (0..100).for_each(|_| drop(black_box(table.embed(text, &mut vector)))));
        println!("{tokens:>3} tokens: cut {cut:>10.1?}, embed {whole:>10.1?}");
    }
    compare(&table)
}

/// Many stored vectors beside one query.
fn compare(table: &Table) -> Result<(), Box<dyn std::error::Error>> {
    const STORED: usize = 200_000;
    let dimensions = table.dimensions();
    let (mut codes, mut signs) = (vec![0i8; STORED * dimensions], Vec::with_capacity(STORED));
    let mut vector = vec![0.0; dimensions];
    for (n, codes) in codes.chunks_exact_mut(dimensions).enumerate() {
        table.embed(&format!("note {n} about {} and {}", n % 977, n % 1511), &mut vector)?;
        quantise(&vector, codes);
        signs.push(SignCode::of(&vector));
    }
    let (query, sign) = (codes[..dimensions].to_vec(), signs[0]);
    let exact = median(11, 1, || {
        black_box(codes.chunks_exact(dimensions).map(|stored| dot_codes(stored, &query)).max());
    });
    let coarse = median(11, 1, || {
        black_box(signs.iter().map(|stored| stored.distance(&sign)).min());
    });
    println!("{STORED} products of codes {exact:>10.1?}, distances of signs {coarse:>10.1?}");
    Ok(())
}
