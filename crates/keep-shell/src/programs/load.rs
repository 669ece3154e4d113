//! Reads the lines of one program into its row.

use super::index::Line;
use super::{Add, Flag, Hand, Row, Takes, Use, effect_of};
use std::collections::HashMap;

/// What is wrong with a line of the table.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words:?} holds {word:?}, which is no word of the table")]
pub(crate) struct LoadError {
    words: &'static str,
    word: &'static str,
}

/// The row that a program's lines make.
pub(crate) fn row(name: &'static str, lines: &[Line]) -> Result<Row, LoadError> {
    let mut table = HashMap::new();
    for &Line { names, words } in lines {
        let mut row = Row::default();
        for word in words.split_whitespace() {
            item(&mut row, word).ok_or(LoadError { words, word })?;
        }
        let subs = names.split_whitespace().skip(1).map(|step| step.split(',').collect());
        let path: Vec<Vec<&'static str>> = std::iter::once(vec![name]).chain(subs).collect();
        place(&mut table, &path, &row, "");
    }
    Ok(table.remove(name).unwrap_or_default())
}

fn place(table: &mut HashMap<&'static str, Row>, path: &[Vec<&'static str>], row: &Row, title: &str) {
    let Some((names, rest)) = path.split_first() else { return };
    for name in names {
        let entry = table.entry(name).or_default();
        let title = if title.is_empty() { (*name).to_owned() } else { format!("{title} {name}") };
        if entry.title.is_empty() {
            entry.title.clone_from(&title);
        }
        if rest.is_empty() {
            merge(entry, row);
        } else {
            place(&mut entry.subs, rest, row, &title);
        }
    }
}

fn merge(into: &mut Row, row: &Row) {
    into.operands = row.operands.or(into.operands);
    into.first.extend(&row.first);
    into.last = row.last.or(into.last);
    into.folder = row.folder.or(into.folder);
    into.effects.extend(row.effects.iter().cloned());
    into.flags.extend(row.flags.iter().cloned());
    into.wrap = row.wrap.or(into.wrap);
    into.hand = row.hand.or(into.hand);
    into.stop |= row.stop;
    into.plain |= row.plain;
    into.filter |= row.filter;
    into.verbs |= row.verbs;
    into.tame |= row.tame;
}

fn item(row: &mut Row, word: &'static str) -> Option<()> {
    if word.starts_with('-') || word.contains(":=") {
        return flag(row, word);
    }
    match word.split_once('=') {
        Some(("op", what)) => row.operands = Some(use_of(what)?),
        Some(("last", what)) => row.last = Some(use_of(what)?),
        Some(("cwd", what)) => row.folder = Some(use_of(what)?),
        Some(("wrap", count)) => row.wrap = Some(count.parse().ok()?),
        Some(("do", what)) => row.hand = Some(hand_of(what)?),
        Some((place, what)) => row.first.push((place.strip_prefix("op")?.parse().ok()?, use_of(what)?)),
        None => match word {
            "none" => {}
            "wrap" => row.wrap = Some(0),
            "stop" => row.stop = true,
            "plain" => row.plain = true,
            "filter" => row.filter = true,
            "verbs" => row.verbs = true,
            "tame" => row.tame = true,
            _ => row.effects.push(effect_of(word)?),
        },
    }
    Some(())
}

/// `-a,--all=read+history`, `of:=write`
fn flag(row: &mut Row, word: &'static str) -> Option<()> {
    let (names, value, adds) = if let Some((name, rest)) = word.split_once(":=") {
        let (value, adds) = rest.split_once('+').map_or((rest, ""), |(value, adds)| (value, adds));
        (name, Some(value), adds)
    } else {
        let (head, adds) = word.split_once('+').unwrap_or((word, ""));
        match head.split_once('=') {
            Some((names, value)) => (names, Some(value), adds),
            None => (head, None, adds),
        }
    };
    let adds: Vec<Add> = adds.split('+').filter(|add| !add.is_empty()).map(add_of).collect::<Option<_>>()?;
    let (takes, value) = match value {
        None => (Takes::Nothing, Use::Nothing),
        Some("?") => (Takes::Attached, Use::Nothing),
        Some(value) => match value.strip_prefix('?') {
            Some(value) => (Takes::Attached, use_of(value)?),
            None => (Takes::Value, use_of(value)?),
        },
    };
    for name in names.split(',') {
        row.flags.push(Flag { name, takes, value, adds: adds.clone() });
    }
    Some(())
}

fn add_of(word: &str) -> Option<Add> {
    Some(match word {
        "dry" => Add::Dry,
        "all" => Add::All,
        "no-first" => Add::NoFirst,
        _ => match word.split_once(':') {
            Some(("op", what)) => Add::Operands(use_of(what)?),
            Some(("cwd", what)) => Add::Folder(use_of(what)?),
            _ => Add::Effect(effect_of(word)?),
        },
    })
}

fn use_of(word: &str) -> Option<Use> {
    Some(match word {
        "" | "none" => Use::Nothing,
        "probe" => Use::Probe,
        "look" => Use::Look,
        "read" => Use::Read,
        "write" => Use::Write,
        "write-all" => Use::WriteAll,
        "delete" => Use::Delete,
        "delete-all" => Use::DeleteAll,
        "move" => Use::Move,
        "shell" => Use::Shell,
        "run" => Use::Run,
        "code" => Use::Code,
        "module" => Use::Module,
        "url" => Use::Url,
        "url-send" => Use::UrlSend,
        "service" => Use::Service,
        "target" => Use::Target,
        "remote" => Use::Remote,
        "data" => Use::Data,
        "method" => Use::Method,
        "setting" => Use::Setting,
        "mount" => Use::Mount,
        "process" => Use::Process,
        "package" => Use::Package,
        _ => return None,
    })
}

fn hand_of(word: &str) -> Option<Hand> {
    Some(match word {
        "shell" => Hand::Shell,
        "interpreter" => Hand::Interpreter,
        "find" => Hand::Find,
        "xargs" => Hand::Xargs,
        "sed" => Hand::Sed,
        "awk" => Hand::Awk,
        "tar" => Hand::Tar,
        "env" => Hand::Env,
        "ssh" => Hand::Ssh,
        "container" => Hand::Container,
        "echo" => Hand::Echo,
        "printf" => Hand::Printf,
        "cat" => Hand::Cat,
        "pwd" => Hand::Pwd,
        "decode" => Hand::Decode,
        "git-config" => Hand::GitConfig,
        "git-content" => Hand::GitContent,
        "git-restore" => Hand::GitRestore,
        "command" => Hand::Command,
        "chmod" => Hand::Chmod,
        "dirname" => Hand::Dirname,
        "fetched" => Hand::Fetched,
        "version" => Hand::Version,
        _ => return None,
    })
}
