//! Questions to the person at the terminal. They go to the terminal itself, never to a pipe.

use super::text::visible;
use super::{offer, whole};
use keep_gate::{Answer, Asker, CodeWanted, Question};
use keep_types::{Offers, RuleOffer};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};

/// Columns of a terminal that does not say how wide it is.
const USUAL_WIDTH: usize = 80;
/// A terminal that collects lines cuts a longer one without a word.
const LONGEST_LINE: usize = 4_095;

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
    let tty = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let size = rustix::termios::tcgetwinsize(&tty).map_or(0, |size| usize::from(size.ws_col));
    let width = if size == 0 { USUAL_WIDTH } else { size };
    let mut talk = Talk { lines: BufReader::new(tty.try_clone()?), tty };
    show(&mut talk.tty, question, width)?;
    offer::show(&mut talk.tty, question.offers, width)?;
    let prompt = format!("Go ahead? (n and a reason says why not) [{}] ", offer::keys(question.offers));
    loop {
        let Some(typed) = talk.line(&prompt)? else { return Ok(Answer::Nobody) };
        // Whoever types a reason has read the question: no second one is asked.
        match reply(&typed, question.offers) {
            Reply::Yes => {
                let code = match question.code {
                    CodeWanted::No => None,
                    CodeWanted::Yes => talk.line("One-time code: ")?,
                };
                return Ok(Answer::Yes { code });
            }
            Reply::No(note) => return Ok(Answer::No { note }),
            Reply::Rule => return Ok(Answer::SaveRule),
            Reply::Edit(old) => {
                if let Some(text) = edited(&mut talk, old, width)? {
                    return Ok(Answer::Edited(text));
                }
            }
        }
    }
}

/// The terminal, as it is talked to line by line.
struct Talk {
    tty: File,
    lines: BufReader<File>,
}

impl Talk {
    /// What was typed, or none when nobody is there any more.
    fn line(&mut self, prompt: &str) -> std::io::Result<Option<String>> {
        write!(self.tty, "{prompt}")?;
        self.tty.flush()?;
        let mut text = String::new();
        let count = self.lines.read_line(&mut text)?;
        Ok((count > 0).then(|| text.trim().to_owned()))
    }
}

/// Another text in the place of the one that was asked about; none when it stays as it is. It is one line,
/// since that is what a terminal gives, and it is asked about anew, whole, before anything comes of it.
fn edited(talk: &mut Talk, old: &str, width: usize) -> std::io::Result<Option<String>> {
    whole::show(&mut talk.tty, &serde_json::json!({ "now": old }), width)?;
    let Some(text) = talk.line("Instead, on one line (nothing leaves it as it is): ")? else {
        return Ok(None);
    };
    if text.len() >= LONGEST_LINE {
        writeln!(talk.tty, "That is more than a terminal hands on in one line; it may have been cut.")?;
        return Ok(None);
    }
    Ok((!text.is_empty() && text != old).then_some(text))
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
enum Reply<'a> {
    Yes,
    No(Option<String>),
    Rule,
    Edit(&'a str),
}

/// A letter for something that is not offered is no more than any other word: a no.
fn reply<'a>(typed: &str, offers: &'a Offers) -> Reply<'a> {
    let typed = typed.trim();
    match (typed.to_lowercase().as_str(), offers) {
        ("y" | "yes", _) => return Reply::Yes,
        ("r" | "rule", Offers { rule: RuleOffer::Rule { .. }, .. }) => return Reply::Rule,
        ("e" | "edit", Offers { edit: Some(old), .. }) => return Reply::Edit(old),
        _ => {}
    }
    let (first, rest) = typed.split_once([' ', ':', ',']).unwrap_or((typed, ""));
    let reason = rest.trim_start_matches([' ', ':', ',']);
    let told = matches!(first.to_lowercase().as_str(), "n" | "no") && !reason.is_empty();
    Reply::No(told.then(|| reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Reply, reply, show};
    use keep_gate::{CodeWanted, Question};
    use keep_types::{ActFacts, Action, FieldHasher, Namespace, Offers, Risk, RuleOffer, Touch};
    use serde_json::json;

    #[test]
    fn only_a_plain_yes_is_one() {
        let none = Offers::default();
        for yes in ["y", "Y", "yes", " YES "] {
            assert_eq!(reply(yes, &none), Reply::Yes, "{yes}");
        }
        for no in [
            "",
            "n",
            "no",
            "yy",
            "yes please",
            "y but not now",
            "sure",
            "n ",
            "n: ",
            "r",
            "rule",
            "e",
            "edit",
        ] {
            assert_eq!(reply(no, &none), Reply::No(None), "{no}");
        }
        for told in ["n use staging", "no: use staging", "No, use staging"] {
            assert_eq!(reply(told, &none), Reply::No(Some("use staging".into())), "{told}");
        }
    }

    #[test]
    fn a_letter_means_what_is_offered() {
        let rule = RuleOffer::Rule { text: "r".into(), covers: "c".into() };
        let all = Offers { rule, edit: Some("ls".into()) };
        for (typed, want) in
            [("r", Reply::Rule), ("R ", Reply::Rule), ("e", Reply::Edit("ls")), ("edit", Reply::Edit("ls"))]
        {
            assert_eq!(reply(typed, &all), want, "{typed}");
        }
        assert_eq!(reply("r please", &all), Reply::No(None));
        let none_fits = Offers { rule: RuleOffer::Unsuitable("critical".into()), edit: None };
        assert_eq!(reply("r", &none_fits), Reply::No(None));
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
        let (offers, code) = (Offers::default(), CodeWanted::No);
        let question =
            Question { principal: &principal, facts: &facts, reason: "it asks", offers: &offers, code };
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
