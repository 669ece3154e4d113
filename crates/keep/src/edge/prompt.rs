//! Questions to the person at the terminal. They go to the terminal itself, never to a pipe.

use super::text::visible;
use keep_gate::{Answer, Asker, CodeWanted, Question};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};

/// A detail longer than this is cut in the middle, and says so.
const MAX_DETAIL_CHARS: usize = 4_000;

/// Asks at the controlling terminal, or nobody when asking is switched off.
pub(crate) struct TerminalAsker {
    pub(crate) no_input: bool,
}

impl Asker for TerminalAsker {
    fn ask(&self, question: &Question<'_>) -> Answer {
        if self.no_input {
            return Answer::Nobody;
        }
        // A terminal that cannot be read has nobody before it.
        ask(question).unwrap_or(Answer::Nobody)
    }
}

fn ask(question: &Question<'_>) -> std::io::Result<Answer> {
    let mut tty = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let mut lines = BufReader::new(tty.try_clone()?);
    let facts = question.facts;
    writeln!(tty)?;
    writeln!(tty, "{} wants to: {}", question.principal, visible(&facts.summary))?;
    writeln!(tty, "  what   {} in {} (risk {})", facts.action, facts.namespace, facts.risk)?;
    writeln!(tty, "  why    {}", visible(question.reason))?;
    let detail = visible(&facts.detail.to_string());
    let count = detail.chars().count();
    if count > MAX_DETAIL_CHARS {
        let start: String = detail.chars().take(MAX_DETAIL_CHARS / 2).collect();
        let end: String = detail.chars().skip(count - MAX_DETAIL_CHARS / 2).collect();
        let cut = count - MAX_DETAIL_CHARS;
        writeln!(tty, "  detail {start}\n  … {cut} characters cut here …\n  {end}")?;
    } else if detail != "{}" {
        writeln!(tty, "  detail {detail}")?;
    }
    match line(&mut tty, &mut lines, "Go ahead? [y/N] ")? {
        None => Ok(Answer::Nobody),
        Some(answer) if matches!(answer.to_lowercase().as_str(), "y" | "yes") => {
            let code = match question.code {
                CodeWanted::No => None,
                CodeWanted::Yes => line(&mut tty, &mut lines, "One-time code: ")?,
            };
            Ok(Answer::Yes { code })
        }
        Some(_) => Ok(Answer::No { note: None }),
    }
}

fn line(tty: &mut File, lines: &mut impl BufRead, prompt: &str) -> std::io::Result<Option<String>> {
    write!(tty, "{prompt}")?;
    tty.flush()?;
    let mut text = String::new();
    let count = lines.read_line(&mut text)?;
    Ok((count > 0).then(|| text.trim().to_owned()))
}
