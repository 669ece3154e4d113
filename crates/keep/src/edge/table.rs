use super::text::visible;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Rows of text in columns; the last column gives way when the terminal is narrow.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

/// Space between columns.
const GAP: usize = 2;
/// No column shrinks below this.
const NARROWEST: usize = 8;

impl Table {
    pub(crate) fn new(headers: &[&str]) -> Self {
        Self { rows: vec![headers.iter().map(ToString::to_string).collect()] }
    }

    pub(crate) fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|cell| visible(cell.as_ref())).collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    /// The table as lines of at most this width, where the columns allow it.
    pub(crate) fn lines(&self, width: usize) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..columns)
            .map(|at| {
                self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0)
            })
            .collect();
        // The widest columns shrink first, but never the first one: it names the thing, and whoever reads
        // the table copies it into the next command.
        while widths.iter().sum::<usize>() + GAP * columns.saturating_sub(1) > width {
            match widths.iter_mut().skip(1).filter(|w| **w > NARROWEST).max() {
                Some(widest) => *widest -= 1,
                None => break,
            }
        }
        self.rows.iter().map(|row| line(row, &widths)).collect()
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        if !line.is_empty() {
            line.push_str(&" ".repeat(GAP));
        }
        let cell = fit(cell, *width);
        line.push_str(&cell);
        line.push_str(&" ".repeat(width.saturating_sub(cell.width())));
    }
    line.trim_end().to_owned()
}

fn fit(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in cell.chars() {
        let next = c.width().unwrap_or(0);
        if used + next + 1 > width {
            break;
        }
        used += next;
        kept.push(c);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_way_to_a_narrow_terminal() {
        let mut table = Table::new(&["id", "what"]);
        table.row(["1", "a long text that does not fit — 日本語日本語日本語"]);
        for width in [20, 30, 60] {
            assert!(table.lines(width).iter().all(|line| line.width() <= width), "{width}");
        }
        assert_eq!(table.lines(20)[1], "1   a long text tha…");
    }
}
