//! Git's settings, some of which are commands.

use super::Act;
use super::apply::{Used, part_of};
use crate::analysis::Via;
use crate::effect::{Deed, Effect, Kind};
use crate::reduce::Flow;
use crate::word::{Sort, Word};

/// What a setting is.
enum Setting {
    /// Its value is run by a shell.
    Command,
    /// An alias: run by a shell after a `!`, by git otherwise.
    Alias,
    /// It leads git to other code, hosts or credentials.
    Leads,
    Harmless,
}

fn setting(name: &str) -> Setting {
    let name = name.to_ascii_lowercase();
    let (section, rest) = name.split_once('.').unwrap_or((&name, ""));
    let last = rest.rsplit('.').next().unwrap_or_default();
    match (section, last) {
        ("alias", _) => Setting::Alias,
        (
            "core",
            "pager" | "editor" | "sshcommand" | "askpass" | "fsmonitor" | "gitproxy" | "alternaterefscommand",
        )
        | ("pager" | "sequence", _)
        | ("diff", "external" | "textconv" | "command")
        | ("difftool" | "mergetool" | "merge" | "browser" | "man", "cmd" | "driver" | "path")
        | ("filter", "clean" | "smudge" | "process")
        | ("credential", "helper")
        | ("gpg", "program")
        | ("interactive", "difffilter")
        | ("uploadpack", "packobjectshook")
        | ("remote", "uploadpack" | "receivepack" | "vcs")
        | ("trailer", "cmd" | "command")
        | ("sendemail", "smtpserver" | "tocmd" | "cccmd" | "sendmailcmd")
        | ("ssh", _)
        | ("web", "browser") => Setting::Command,
        ("core", "hookspath" | "worktree" | "attributesfile" | "excludesfile" | "gitdir")
        | (
            "include" | "includeif" | "url" | "protocol" | "http" | "https" | "submodule" | "safe" | "init",
            _,
        )
        | ("remote", "url" | "pushurl" | "proxy")
        | ("credential", _) => {
            if name == "init.defaultbranch" {
                Setting::Harmless
            } else {
                Setting::Leads
            }
        }
        _ => Setting::Harmless,
    }
}

impl Act<'_, '_> {
    /// `-c name=value`
    pub(crate) fn setting(&mut self, word: &Word) {
        let (name, value) = word.text.split_once('=').unwrap_or((&word.text, ""));
        if word.sort != Sort::Known && !word.text.contains('=') {
            return self.effects.push(Effect::Undecided { what: word.text.clone() });
        }
        let value = part_of(word, value);
        let name = name.to_owned();
        self.git_setting(&name, &value);
    }

    fn git_setting(&mut self, name: &str, value: &Word) {
        match setting(name) {
            Setting::Harmless => {}
            Setting::Leads => self.effects.push(Effect::Environment { name: format!("git's {name}") }),
            Setting::Alias => match value.text.strip_prefix('!') {
                Some(command) => {
                    let command = part_of(value, command);
                    self.shell_text(&command);
                }
                None => {
                    let line = part_of(value, &format!("git {}", value.text));
                    let mut child = self.shell.child();
                    self.reducer.text(Via::Alias, &line, &mut child, self.effects);
                }
            },
            Setting::Command => {
                if matches!(value.as_known(), Some("" | "true" | "false" | "cat" | "less")) {
                    return;
                }
                let value = part_of(value, value.text.trim_start_matches('!'));
                self.shell_text(&value);
                self.effects.push(Effect::Environment { name: format!("git's {name}") });
            }
        }
    }

    /// `git config name value`
    pub(crate) fn git_config(&mut self, used: &Used) -> Flow {
        let reads = ["--get", "--get-all", "--list", "-l", "--get-regexp", "--show-origin", "--name-only"];
        let words: Vec<&Word> = used
            .operands
            .iter()
            .filter(|word| !matches!(word.text.as_str(), "set" | "get" | "list" | "unset"))
            .collect();
        if reads.iter().any(|flag| used.has(flag))
            || used.operands.first().is_some_and(|w| matches!(w.text.as_str(), "get" | "list"))
        {
            return Flow::unknown();
        }
        if let [name, value, ..] = words.as_slice() {
            let (name, value) = (name.text.clone(), (*value).clone());
            self.git_setting(&name, &value);
            if matches!(setting(&name), Setting::Alias) {
                self.effects.push(Effect::Environment { name: format!("git's {name}") });
            }
            let wide = used.has("--global") || used.has("--system") || used.has("--file") || used.has("-f");
            self.effects.push(Effect::Act { kind: if wide { Kind::System } else { Kind::Repository } });
        } else if ["--unset", "--unset-all", "--edit", "-e", "--remove-section"]
            .iter()
            .any(|flag| used.has(flag))
        {
            self.effects.push(Effect::Act { kind: Kind::Repository });
        }
        Flow::unknown()
    }

    /// `git restore path`: of the index alone it loses nothing, since the file keeps what was staged.
    pub(crate) fn git_restore(&mut self, used: &Used) -> Flow {
        let index = used.has("--staged") || used.has("-S");
        let tree = used.has("--worktree") || used.has("-W");
        let kind = if index && !tree { Kind::Repository } else { Kind::Discard };
        self.effects.push(Effect::Act { kind });
        Flow::unknown()
    }

    /// `git show commit:path`: what a file held once is as secret as what it holds now.
    pub(crate) fn git_content(&mut self, used: &Used) -> Flow {
        for word in &used.operands {
            if let Some((_, path)) = word.text.split_once(':') {
                let path = part_of(word, path);
                self.path(Deed::Read, &path);
            }
        }
        used.flow(self.stdin)
    }
}
