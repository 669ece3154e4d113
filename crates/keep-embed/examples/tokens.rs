//! Prints the tokens of each line of standard input, for comparing with another tokenizer.

use keep_embed::Table;
use std::io::{BufRead, Write, stdin, stdout};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let table = Table::built_in()?;
    let mut out = std::io::BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        writeln!(out, "{}", serde_json::to_string(&table.tokenizer().tokens(&text))?)?;
    }
    Ok(out.flush()?)
}
