//! Questions to the person at the terminal. They go to the terminal itself, never to a pipe.

use super::text::visible;
use super::whole;
use keep_gate::{Answer, Asker, CodeWanted, Question};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};

/// Columns of a terminal that does not say how wide it is.
const USUAL_WIDTH: usize = 80;

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
    let size = rustix::termios::tcgetwinsize(&tty).map_or(0, |size| usize::from(size.ws_col));
    show(&mut tty, question, if size == 0 { USUAL_WIDTH } else { size })?;
    // Whoever types a reason has read the question: no second one is asked.
    match line(&mut tty, &mut lines, "Go ahead? (n and a reason says why not) [y/N] ")?.as_deref().map(reply)
    {
        None => Ok(Answer::Nobody),
        Some(Reply::Yes) => {
            let code = match question.code {
                CodeWanted::No => None,
                CodeWanted::Yes => line(&mut tty, &mut lines, "One-time code: ")?,
            };
            Ok(Answer::Yes { code })
        }
        Some(Reply::No(note)) => Ok(Answer::No { note }),
    }
}

/// The act, whole: nothing of it is cut, however long it is.
fn show(out: &mut dyn Write, question: &Question<'_>, width: usize) -> std::io::Result<()> {
    let facts = question.facts;
    writeln!(out)?;
    writeln!(out, "{} wants to: {}", question.principal, visible(&facts.summary))?;
    writeln!(out, "  what   {} in {} (risk {})", facts.action, facts.namespace, facts.risk)?;
    writeln!(out, "  why    {}", visible(question.reason))?;
    whole::show(out, &facts.detail, width)
}

/// What was typed. Only a plain yes is one.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    Yes,
    No(Option<String>),
}

fn reply(typed: &str) -> Reply {
    let typed = typed.trim();
    if matches!(typed.to_lowercase().as_str(), "y" | "yes") {
        return Reply::Yes;
    }
    let (first, rest) = typed.split_once([' ', ':', ',']).unwrap_or((typed, ""));
    let reason = rest.trim_start_matches([' ', ':', ',']);
    let told = matches!(first.to_lowercase().as_str(), "n" | "no") && !reason.is_empty();
    Reply::No(told.then(|| reason.to_owned()))
}

fn line(tty: &mut File, lines: &mut impl BufRead, prompt: &str) -> std::io::Result<Option<String>> {
    write!(tty, "{prompt}")?;
    tty.flush()?;
    let mut text = String::new();
    let count = lines.read_line(&mut text)?;
    Ok((count > 0).then(|| text.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Reply, reply, show};
    use keep_gate::{CodeWanted, Question};
    use keep_types::{ActFacts, Action, FieldHasher, Namespace, Risk, Touch};
    use serde_json::json;

    #[test]
    fn only_a_plain_yes_is_one() {
        for yes in ["y", "Y", "yes", " YES "] {
            assert_eq!(reply(yes), Reply::Yes, "{yes}");
        }
        for no in ["", "n", "no", "yy", "yes please", "y but not now", "sure", "n ", "n: "] {
            assert_eq!(reply(no), Reply::No(None), "{no}");
        }
        for told in ["n use staging", "no: use staging", "No, use staging"] {
            assert_eq!(reply(told), Reply::No(Some("use staging".into())), "{told}");
        }
    }

    #[test]
    fn a_long_command_is_asked_about_whole() {
        let command: String = (0..2_000).map(|n| format!("word{n:05} ")).collect();
        assert_eq!(command.len(), 20_000);
        let facts = ActFacts {
            action: Action::of("exec.run"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::High,
            summary: "run it".into(),
            detail: json!({ "command": command }),
            bound: FieldHasher::new("exec.run").finish(),
            exact: None,
        };
        let principal = "agent:a".parse().unwrap();
        let question =
            Question { principal: &principal, facts: &facts, reason: "it asks", code: CodeWanted::No };
        let mut out = Vec::new();
        show(&mut out, &question, 80).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("command, 20000 characters:"), "{out}");
        for n in [0, 999, 1_999] {
            let joined: String = out.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
            assert!(joined.contains(&format!("word{n:05}")), "{n}");
        }
    }
}
