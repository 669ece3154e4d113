//! How many of the ten nearest a search by signs still finds: the lines of standard input are the texts,
//! every hundredth of them a query.

use keep_embed::{Embedder, SignCode, Table, dot};
use std::io::stdin;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let table = Table::built_in()?;
    let texts = stdin().lines().collect::<Result<Vec<_>, _>>()?;
    let mut vectors = vec![0.0; texts.len() * table.dimensions()];
    table.embed_batch(&texts.iter().map(String::as_str).collect::<Vec<_>>(), &mut vectors)?;
    let vectors: Vec<&[f32]> = vectors.chunks_exact(table.dimensions()).collect();
    let signs: Vec<_> = vectors.iter().map(|vector| SignCode::of(vector)).collect();
    let queries: Vec<usize> = (0..texts.len()).step_by(100).collect();
    const KEPT: [usize; 5] = [50, 100, 200, 500, 1000];
    let mut found = [0; KEPT.len()];
    for &query in &queries {
        let mut nearest: Vec<usize> = (0..texts.len()).filter(|&n| n != query).collect();
        let product = |&n: &usize| dot(vectors[n], vectors[query]);
        nearest.select_nth_unstable_by(9, |a, b| product(b).total_cmp(&product(a)));
        let mut kept: Vec<usize> = (0..texts.len()).filter(|&n| n != query).collect();
        kept.sort_unstable_by_key(|&n| signs[n].distance(&signs[query]));
        for (found, count) in found.iter_mut().zip(KEPT) {
            *found += nearest[..10].iter().filter(|n| kept[..count.min(kept.len())].contains(n)).count();
        }
    }
    for (found, count) in found.iter().zip(KEPT) {
        let share = *found as f64 / (10 * queries.len()) as f64;
        println!(
            "of {} texts the nearest {count:>4} by signs hold {share:.3} of the ten nearest",
            texts.len()
        );
    }
    Ok(())
}
