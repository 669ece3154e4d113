//! Languages on the command line: `sed` and `awk` scripts, `tar`'s words, and code of Python, Perl,
//! Ruby, JavaScript and others, which is looked through for what reaches the system.

use super::Act;
use super::apply::part_of;
use crate::effect::{Deed, Effect, Origin};
use crate::reduce::Flow;
use crate::word::{Sort, Word};

/// What code was found to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// It names something that reaches files, programs or the network.
    pub(crate) reaches: bool,
    pub(crate) writes: bool,
    pub(crate) deletes: bool,
    /// Texts that it hands to a shell.
    pub(crate) commands: Vec<String>,
    /// Texts that are paths outside.
    pub(crate) paths: Vec<String>,
}

/// Words that reach the system, in any of the languages.
const REACHES: &[&str] = &[
    "system",
    "popen",
    "exec",
    "spawn",
    "subprocess",
    "eval",
    "compile",
    "__import__",
    "importlib",
    "socket",
    "urllib",
    "requests",
    "http",
    "https",
    "ftplib",
    "smtplib",
    "fetch",
    "net",
    "child_process",
    "ctypes",
    "pty",
    "fork",
    "kill",
    "setuid",
    "chmod",
    "chown",
    "syscall",
    "qx",
    "backtick",
    "shell_exec",
    "passthru",
    "proc_open",
    "os",
    "shutil",
    "pathlib",
    "fs",
    "Process",
    "Kernel",
    "IO",
    "File",
    "FileUtils",
    "Dir",
    "open",
    "unlink",
    "rmtree",
    "remove",
    "rmdir",
    "rename",
    "writeFile",
    "writeFileSync",
    "rm",
    "rmSync",
    "unlinkSync",
    "readFile",
    "readFileSync",
    "require",
    "environ",
    "ENV",
    "getenv",
    "pickle",
    "marshal",
    "globals",
    "getattr",
    "builtins",
    "Deno",
    "Bun",
    "LWP",
    "execSync",
    "spawnSync",
    "file_get_contents",
    "file_put_contents",
    "fopen",
    "include",
    "io",
];

/// Words that reach nothing but the language itself although their module can do more.
const TAME: &[&str] =
    &["os.path", "os.sep", "os.cpu_count", "os.name", "os.getpid", "os.linesep", "os.getcwd"];

const DELETES: &[&str] = &[
    "unlink",
    "rmtree",
    "remove",
    "rmdir",
    "removedirs",
    "rmSync",
    "unlinkSync",
    "rm_rf",
    "rm_r",
    "rm",
    "delete",
];

const SHELLS: &[&str] = &[
    "system",
    "popen",
    "exec",
    "execSync",
    "spawn",
    "spawnSync",
    "run",
    "call",
    "check_call",
    "check_output",
    "Popen",
    "shell_exec",
    "passthru",
    "getoutput",
    "getstatusoutput",
    "qx",
    "sh",
    "execFileSync",
    "execFile",
];

/// Looks through code.
pub(crate) fn look_through(code: &str) -> Found {
    let mut found = Found::default();
    let mut bare = code.to_owned();
    for tame in TAME {
        bare = bare.replace(tame, " ");
    }
    for word in bare.split(|c: char| !c.is_alphanumeric() && c != '_') {
        found.reaches |= REACHES.contains(&word);
        found.deletes |= DELETES.contains(&word);
    }
    let writes =
        ["'w", "\"w", "'a'", "\"a\"", "write", "'wb'", "append", "mkdir", "chmod", "rename", "copy", "move"];
    // Editors run what stands behind a `!`.
    if let Some(command) = code.trim_start_matches([':', ' ']).strip_prefix('!') {
        found.reaches = true;
        found.commands.push(command.to_owned());
    }
    found.reaches |= code.contains(":!") || code.contains("r!");
    found.writes = found.reaches && writes.iter().any(|mark| code.contains(mark));
    for (text, before) in texts(code) {
        let outside = text.starts_with('/') && (text.len() > 1 || found.deletes)
            || text.starts_with("~/")
            || text.contains("../");
        if outside && !text.contains([' ', '\n']) && found.reaches {
            found.paths.push(text.clone());
        }
        let call = before.trim_end().trim_end_matches(['(', '[', ' ']);
        let name = call.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        if (SHELLS.contains(&name) || before.ends_with('`')) && !text.trim().is_empty() {
            found.commands.push(text);
        }
    }
    found
}

/// Quoted texts of a piece of code, each with what stands before it.
fn texts(code: &str) -> Vec<(String, &str)> {
    let bytes = code.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let quote = bytes[at];
        if !matches!(quote, b'\'' | b'"' | b'`') {
            at += 1;
            continue;
        }
        let from = at + 1;
        let mut end = from;
        while end < bytes.len() && bytes[end] != quote {
            end += 1 + usize::from(bytes[end] == b'\\');
        }
        if end >= bytes.len() {
            break;
        }
        // A position behind an escape may lie inside a letter.
        let before = if quote == b'`' { code.get(..from) } else { code.get(..at) };
        if let (Some(text), Some(before)) = (code.get(from..end), before) {
            out.push((text.replace("\\\"", "\"").replace("\\'", "'"), before));
        }
        at = end + 1;
    }
    out
}

impl Act<'_, '_> {
    /// `sed`: its scripts can write files and run commands.
    pub(crate) fn sed(&mut self) -> Flow {
        let mut scripts: Vec<Word> = Vec::new();
        let mut files: Vec<Word> = Vec::new();
        let (mut in_place, mut given, mut at) = (false, false, 1);
        while let Some(word) = self.argv.get(at) {
            at += 1;
            let text = word.text.as_str();
            if let Some(script) = text.strip_prefix("--expression=") {
                scripts.push(part_of(word, script));
                given = true;
            } else if text.starts_with("--in-place") {
                in_place = true;
            } else if let Some(file) = text.strip_prefix("--file=") {
                self.effects.push(Effect::Code { origin: Origin::Workspace });
                self.path(Deed::Read, &part_of(word, file));
                given = true;
            } else if text.starts_with("--") && text.len() > 2 {
                at += usize::from(matches!(text, "--line-length"));
                given |= matches!(text, "--expression" | "--file");
                if matches!(text, "--expression") {
                    scripts.extend(self.argv.get(at).cloned());
                    at += 1;
                }
            } else if text.starts_with('-') && text.len() > 1 {
                let letters = &text[1..];
                for (i, letter) in letters.char_indices() {
                    let behind = &letters[i + 1..];
                    match letter {
                        'i' | 'I' => {
                            in_place = true;
                            break;
                        }
                        'e' | 'f' | 'l' => {
                            let value = if behind.is_empty() {
                                self.argv.get(at).cloned()
                            } else {
                                Some(part_of(word, behind))
                            };
                            at += usize::from(behind.is_empty());
                            if letter == 'e' {
                                scripts.extend(value);
                                given = true;
                            } else if letter == 'f' {
                                self.effects.push(Effect::Code { origin: Origin::Workspace });
                                given = true;
                            }
                            break;
                        }
                        _ => {}
                    }
                }
            } else {
                files.push(word.clone());
            }
        }
        if !given && !files.is_empty() {
            scripts.push(files.remove(0));
        }
        for script in &scripts {
            self.sed_script(script);
        }
        for file in &files {
            self.path(if in_place { Deed::Write } else { Deed::Read }, file);
        }
        let plain_print = files.is_empty() && scripts.iter().all(|script| is_line_choice(&script.text));
        Flow {
            names: if plain_print { self.stdin.names.clone() } else { Vec::new() },
            network: self.stdin.network,
            ..Flow::unknown()
        }
    }

    fn sed_script(&mut self, script: &Word) {
        if script.sort != Sort::Known {
            // A hole can hold any command of sed's only where it may end the one it stands in.
            if script.may_be_option() || script.text.contains(['\n', ';']) && script.text.contains('$') {
                self.effects.push(Effect::Undecided { what: script.text.clone() });
            }
            return;
        }
        match sed_commands(&script.text) {
            Some(commands) => {
                for (letter, argument) in commands {
                    match letter {
                        'w' | 'W' => self.path(Deed::Write, &Word::known(argument)),
                        'r' | 'R' => self.path(Deed::Read, &Word::known(argument)),
                        _ if argument.is_empty() => {
                            self.effects.push(Effect::Code { origin: Origin::Unseen });
                        }
                        _ => self.shell_text(&Word::known(argument)),
                    }
                }
            }
            None => self.effects.push(Effect::Undecided { what: script.text.clone() }),
        }
    }

    /// `awk`: its programs can write files and run commands.
    pub(crate) fn awk(&mut self) -> Flow {
        let mut program: Option<Word> = None;
        let (mut in_place, mut given, mut at) = (false, false, 1);
        let mut files = Vec::new();
        while let Some(word) = self.argv.get(at) {
            at += 1;
            let text = word.text.as_str();
            match text {
                "-F" | "-v" | "--assign" | "--field-separator" => at += 1,
                "-f" | "--file" | "-E" | "--exec" => {
                    self.effects.push(Effect::Code { origin: Origin::Workspace });
                    given = true;
                    at += 1;
                }
                "-i" | "--include" | "-l" | "--load" => {
                    in_place |= self.argv.get(at).is_some_and(|word| word.text == "inplace");
                    at += 1;
                }
                "-e" | "--source" => {
                    program = self.argv.get(at).cloned();
                    given = true;
                    at += 1;
                }
                _ if text.starts_with('-') && text.len() > 1 && !given && program.is_none() => {}
                _ if program.is_none() && !given => program = Some(word.clone()),
                _ => files.push(word.clone()),
            }
        }
        if let Some(program) = program {
            self.awk_program(&program);
        }
        for file in files.iter().filter(|file| !file.text.contains('=') || file.text.contains('/')) {
            self.path(if in_place { Deed::Write } else { Deed::Read }, file);
        }
        Flow { network: self.stdin.network, ..Flow::unknown() }
    }

    fn awk_program(&mut self, program: &Word) {
        if program.sort == Sort::Unknown {
            return self.effects.push(Effect::Undecided { what: program.text.clone() });
        }
        let text = program.text.as_str();
        let pipes = text.contains('|')
            && !text.replace("||", "").split('/').step_by(2).all(|part| !part.contains('|'));
        let writes = text.replace(">=", "").split('"').step_by(2).any(|code| code.contains('>'))
            && (text.contains("print") || text.contains("printf"))
            && text
                .split("print")
                .skip(1)
                .any(|rest| rest.split(['}', ';', '\n']).next().is_some_and(|s| s.contains('>')));
        let runs = text.contains("system")
            || text.contains("@load")
            || text.contains("@include")
            || text.contains("/inet/");
        if runs || pipes && text.contains('"') {
            self.effects.push(Effect::Code { origin: Origin::InlineReaching });
            for (command, _) in texts(text).into_iter().filter(|_| runs || pipes) {
                let mut child = self.shell.child();
                if !command.trim().is_empty() && command.contains(|c: char| c.is_ascii_alphabetic()) {
                    self.reducer.text(
                        crate::analysis::Via::Shell,
                        &Word::known(command),
                        &mut child,
                        self.effects,
                    );
                }
            }
        }
        if writes {
            let targets: Vec<String> = texts(text)
                .into_iter()
                .filter(|(_, before)| before.trim_end().ends_with('>'))
                .map(|(t, _)| t)
                .collect();
            if targets.is_empty() {
                self.effects
                    .push(Effect::Undecided { what: "the files that the awk program writes".to_owned() });
            }
            for target in targets {
                self.path(Deed::Write, &Word::known(target));
            }
        }
        for (file, before) in texts(text) {
            if before.trim_end().ends_with('<') && before.contains("getline") {
                self.path(Deed::Read, &Word::known(file));
            }
        }
    }

    /// `tar`, whose first word is a bundle of letters with or without a dash.
    pub(crate) fn tar(&mut self) -> Flow {
        let mut mode = ' ';
        let mut archive: Option<Word> = None;
        let mut into: Option<Word> = None;
        let mut operands: Vec<Word> = Vec::new();
        let mut at = 1;
        while let Some(word) = self.argv.get(at) {
            let text = word.text.as_str();
            at += 1;
            let runs = [
                "--to-command",
                "--use-compress-program",
                "--rsh-command",
                "--rmt-command",
                "--info-script",
                "--new-volume-script",
            ];
            let (name, attached) =
                text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
            if text.starts_with("--") && text.len() > 2 {
                let value = |act: &Self, at: &mut usize| match attached {
                    Some(value) => Some(part_of(word, value)),
                    None => {
                        *at += 1;
                        act.argv.get(*at - 1).cloned()
                    }
                };
                if name.len() > 4 && runs.iter().any(|run| run.starts_with(name)) {
                    if let Some(command) = value(self, &mut at) {
                        self.shell_text(&command);
                    }
                } else if name.starts_with("--checkpoint-a") {
                    if let Some(action) = value(self, &mut at)
                        && action.text.starts_with("exec=")
                    {
                        self.shell_text(&action);
                    }
                } else {
                    match name {
                        "--extract" | "--get" => mode = 'x',
                        "--create" => mode = 'c',
                        "--list" => mode = 't',
                        "--append" | "--update" | "--delete" => mode = 'r',
                        "--file" => archive = value(self, &mut at),
                        "--directory" => into = value(self, &mut at),
                        "--exclude" | "--strip-components" | "--transform" if attached.is_none() => at += 1,
                        "--files-from" => {
                            if let Some(list) = value(self, &mut at) {
                                self.path(Deed::Read, &list);
                            }
                        }
                        "--absolute-names" => {
                            self.effects.push(Effect::Undecided { what: "paths inside the archive".into() });
                        }
                        "--remove-files" => self
                            .effects
                            .push(Effect::Undecided { what: "files deleted after packing".into() }),
                        _ => {}
                    }
                }
                continue;
            }
            let bundle = text.strip_prefix('-').or((at == 2).then_some(text));
            let Some(letters) = bundle.filter(|letters| !letters.is_empty()) else {
                operands.push(word.clone());
                continue;
            };
            for (i, letter) in letters.char_indices() {
                match letter {
                    'x' | 'c' | 't' | 'r' | 'u' => mode = letter,
                    'P' => self.effects.push(Effect::Undecided { what: "paths inside the archive".into() }),
                    'f' | 'C' | 'I' | 'T' | 'X' | 'F' => {
                        let behind = &letters[i + 1..];
                        let value = if behind.is_empty() || at == 2 && !text.starts_with('-') {
                            at += 1;
                            self.argv.get(at - 1).cloned()
                        } else {
                            Some(part_of(word, behind))
                        };
                        match letter {
                            'f' => archive = value,
                            'C' => into = value,
                            'I' | 'F' => {
                                if let Some(command) = value {
                                    self.shell_text(&command);
                                }
                            }
                            _ => {}
                        }
                        if !behind.is_empty() && text.starts_with('-') {
                            break;
                        }
                    }
                    _ => {}
                }
            }
        }
        let remote = archive.as_ref().is_some_and(|word| word.text.contains(':'));
        if remote {
            self.effects.push(Effect::Code { origin: Origin::Outside });
        }
        let folder = into.unwrap_or_else(|| Word::known("."));
        let archive = archive.filter(|_| !remote);
        match mode {
            'x' => {
                archive.iter().for_each(|word| self.path(Deed::Read, word));
                self.path(Deed::Write, &folder);
            }
            'c' | 'r' | 'u' => {
                archive.iter().for_each(|word| self.path(Deed::Write, word));
                let mut inside = self.shell.clone();
                inside.enter(Some(&folder));
                for operand in &operands {
                    for (path, place) in crate::path::locate(operand, &inside.folders, inside.context) {
                        self.effects.push(Effect::Path { deed: Deed::Read, path, place });
                    }
                }
            }
            _ => archive.iter().for_each(|word| self.path(Deed::Read, word)),
        }
        Flow { network: self.stdin.network, ..Flow::unknown() }
    }
}

/// `1,10p`, `5q`: lines are chosen and none is changed.
fn is_line_choice(script: &str) -> bool {
    !script.is_empty()
        && script
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'p' | b'd' | b'q' | b'$'))
}

/// The commands of a sed script that reach outside it: letter and argument. `None` for a script that
/// cannot be read.
fn sed_commands(script: &str) -> Option<Vec<(char, String)>> {
    let letters: Vec<char> = script.chars().collect();
    let mut at = 0;
    let mut out = Vec::new();
    let line_end =
        |from: usize| letters[from..].iter().position(|c| *c == '\n').map_or(letters.len(), |end| from + end);
    while at < letters.len() {
        match letters[at] {
            ' ' | '\t' | '\n' | ';' | '{' | '}' | '!' | ',' | '$' | '~' | '+' | '0'..='9' => at += 1,
            'I' | 'M' if at > 0 => at += 1,
            '/' => at = delimited(&letters, at + 1, '/')?,
            '\\' => at = delimited(&letters, at + 2, *letters.get(at + 1)?)?,
            command @ ('s' | 'y') => {
                let delimiter = *letters.get(at + 1)?;
                at = delimited(&letters, at + 2, delimiter)?;
                at = delimited(&letters, at, delimiter)?;
                while command == 's' && at < letters.len() && !matches!(letters[at], ';' | '\n' | '}') {
                    match letters[at] {
                        'e' => out.push(('e', String::new())),
                        'w' => {
                            let end = line_end(at);
                            out.push((
                                'w',
                                letters[at + 1..end].iter().collect::<String>().trim().to_owned(),
                            ));
                            at = end;
                            continue;
                        }
                        _ => {}
                    }
                    at += 1;
                }
            }
            command @ ('w' | 'W' | 'r' | 'R' | 'e') => {
                let end = line_end(at);
                out.push((command, letters[at + 1..end].iter().collect::<String>().trim().to_owned()));
                at = end;
            }
            'a' | 'i' | 'c' => {
                // Text to the end of the line, and of those that a backslash joins.
                let mut end = line_end(at);
                while end < letters.len() && letters[end - 1] == '\\' {
                    end = line_end(end + 1);
                }
                at = end;
            }
            'b' | 't' | 'T' | ':' => {
                at = letters[at..]
                    .iter()
                    .position(|c| matches!(c, '\n' | ';' | '}'))
                    .map_or(letters.len(), |end| at + end);
            }
            '#' => at = line_end(at),
            'd' | 'D' | 'g' | 'G' | 'h' | 'H' | 'l' | 'n' | 'N' | 'p' | 'P' | 'q' | 'Q' | 'x' | 'z' | 'F'
            | '=' | 'v' => at += 1,
            _ => return None,
        }
    }
    Some(out)
}

/// The position behind the next delimiter that is neither escaped nor in a class.
fn delimited(letters: &[char], mut at: usize, delimiter: char) -> Option<usize> {
    let mut class = false;
    while at < letters.len() {
        match letters[at] {
            '\\' => at += 1,
            '[' if !class && delimiter != '[' => {
                class = true;
                at += usize::from(letters.get(at + 1) == Some(&'^'));
                at += usize::from(letters.get(at + 1) == Some(&']'));
            }
            ']' => class = false,
            // Without an end to the class it was an ordinary letter.
            letter if letter == delimiter && (!class || !letters[at..].contains(&']')) => {
                return Some(at + 1);
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sed_scripts_show_what_leaves_them() {
        type Leaves<'a> = Option<&'a [(char, &'a str)]>;
        let cases: &[(&str, Leaves<'_>)] = &[
            ("s/a/b/g", Some(&[])),
            ("1,5p;$d", Some(&[])),
            ("s/a/b/w out", Some(&[('w', "out")])),
            ("s/.*/id/e", Some(&[('e', "")])),
            ("1e id", Some(&[('e', "id")])),
            ("/x/w /etc/passwd", Some(&[('w', "/etc/passwd")])),
            ("r /etc/shadow", Some(&[('r', "/etc/shadow")])),
            ("s|/w e|x|", Some(&[])),
            ("s/[/]w/x/", Some(&[])),
            ("a\\\nwrites\\\nmore\np", Some(&[])),
            ("s/a/b", None),
        ];
        for (script, expected) in cases {
            let expected = expected
                .map(|list| list.iter().map(|&(letter, text)| (letter, text.to_owned())).collect::<Vec<_>>());
            assert_eq!(sed_commands(script), expected, "{script:?}");
        }
    }

    #[test]
    fn code_is_looked_through_for_what_reaches_out() {
        assert!(!look_through("print(1 + 2)").reaches);
        let found = look_through("import os; os.remove('/etc/passwd')");
        assert!(found.reaches && found.deletes && found.paths == ["/etc/passwd"]);
        assert_eq!(look_through("system('rm -rf /x')").commands, ["rm -rf /x"]);
        assert_eq!(look_through("`rm -rf /x`").commands, ["rm -rf /x"]);
        assert_eq!(look_through("subprocess.run(['rm', '-rf', '/x'])").commands, ["rm"]);
    }
}
