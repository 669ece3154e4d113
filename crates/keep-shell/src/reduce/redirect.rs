//! Redirections: what they write, read and connect to.

use super::{Flow, Reducer, Shell};
use crate::analysis::{Redirect, Via};
use crate::effect::{Deed, Effect, Place, Traffic};
use crate::path::locate;
use crate::word::{Sort, Word};
use brush_parser::ast::{
    IoFileRedirectKind as Kind, IoFileRedirectTarget as Target, IoRedirect, ProcessSubstitutionKind,
    RedirectList, SubshellCommand,
};

/// What redirections amount to.
#[derive(Default)]
pub(crate) struct Redirected {
    pub(crate) redirects: Vec<Redirect>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) stdin: Option<Flow>,
    /// Standard output goes elsewhere than down the pipe.
    pub(crate) away: bool,
}

impl Reducer {
    /// The redirections of a compound command, as a part of their own; what it then reads.
    pub(super) fn redirect_list(
        &mut self,
        list: Option<&RedirectList>,
        shell: &mut Shell<'_>,
        stdin: &Flow,
    ) -> Flow {
        let Some(list) = list else { return stdin.clone() };
        let mut all = Redirected::default();
        for redirect in &list.0 {
            self.redirect(redirect, &mut all, shell);
        }
        let stdin = all.stdin.take().unwrap_or_else(|| stdin.clone());
        self.emit(Vec::new(), None, Vec::new(), all.redirects, all.effects);
        stdin
    }

    pub(super) fn redirect(&mut self, redirect: &IoRedirect, all: &mut Redirected, shell: &mut Shell<'_>) {
        match redirect {
            IoRedirect::File(fd, kind, target) => self.redirect_file(*fd, kind, target, all, shell),
            IoRedirect::OutputAndError(word, append) => {
                let word = self.single(&word.value, shell);
                all.away = true;
                self.connect(if *append { "&>>" } else { "&>" }, Deed::Write, word, all, shell);
            }
            IoRedirect::HereString(fd, word) => {
                let word = self.single(&word.value, shell);
                if fd.is_none_or(|fd| fd == 0) {
                    all.stdin = Some(flow_of(&word));
                }
            }
            IoRedirect::HereDocument(fd, document) => {
                let flow = if document.requires_expansion {
                    self.via.push(Via::Document);
                    let word = self.document(&document.doc.value, shell);
                    self.via.pop();
                    flow_of(&word)
                } else {
                    Flow::of(document.doc.value.clone())
                };
                if fd.is_none_or(|fd| fd == 0) {
                    all.stdin = Some(flow);
                }
            }
        }
    }

    fn redirect_file(
        &mut self,
        fd: Option<i32>,
        kind: &Kind,
        target: &Target,
        all: &mut Redirected,
        shell: &mut Shell<'_>,
    ) {
        let (operator, deed) = match kind {
            Kind::Read => ("<", Deed::Read),
            Kind::Write => (">", Deed::Write),
            Kind::Append => (">>", Deed::Write),
            Kind::ReadAndWrite => ("<>", Deed::Write),
            Kind::Clobber => (">|", Deed::Write),
            Kind::DuplicateInput => ("<&", Deed::Read),
            Kind::DuplicateOutput => (">&", Deed::Write),
        };
        let reads = matches!(kind, Kind::Read | Kind::ReadAndWrite | Kind::DuplicateInput);
        if !reads && fd.is_none_or(|fd| fd == 1) {
            all.away = true;
        }
        let word = match target {
            Target::Fd(_) => return,
            Target::Filename(word) => self.single(&word.value, shell),
            Target::Duplicate(word) => {
                let word = self.single(&word.value, shell);
                let stream = word.text.trim_end_matches('-');
                // `2>&1` and `>&-` name streams; `>& file` names a file.
                if word.sort == Sort::Known && stream.bytes().all(|byte| byte.is_ascii_digit()) {
                    return;
                }
                word
            }
            Target::ProcessSubstitution(kind, command) => self.process(kind, command, shell),
        };
        if reads && fd.is_none_or(|fd| fd == 0) {
            let flow = word.stream.as_deref().cloned();
            let network = word.text.starts_with("/dev/tcp/") || word.text.starts_with("/dev/udp/");
            let fetched = self.fetched.contains(&word.text);
            all.stdin = Some(flow.unwrap_or(Flow { network: network || fetched, ..Flow::unknown() }));
        }
        self.connect(operator, deed, word, all, shell);
    }

    /// Notes where a redirection leads.
    fn connect(
        &mut self,
        operator: &'static str,
        deed: Deed,
        word: Word,
        all: &mut Redirected,
        shell: &Shell<'_>,
    ) {
        let network = ["/dev/tcp/", "/dev/udp/"].iter().find_map(|prefix| word.text.strip_prefix(prefix));
        if word.stream.is_some() {
            // A process substitution has parts of its own.
        } else if let Some(rest) = network {
            let host = rest.split('/').next().filter(|_| word.sort == Sort::Known).map(str::to_owned);
            all.effects.push(Effect::Network { traffic: Traffic::Send, host });
            // Also to this machine: no ordinary work is done this way.
            all.effects.push(Effect::Undecided { what: format!("the shell itself connects to {rest}") });
        } else {
            for (path, place) in locate(&word, &shell.folders, shell.context) {
                if place != Place::Stream {
                    all.effects.push(Effect::Path { deed, path, place });
                }
            }
        }
        all.redirects.push(Redirect { operator, target: word });
    }

    /// A process substitution: its commands run, and a stream stands for it.
    pub(super) fn process(
        &mut self,
        kind: &ProcessSubstitutionKind,
        command: &SubshellCommand,
        shell: &mut Shell<'_>,
    ) -> Word {
        let mut child = shell.clone();
        let before = self.parts.len();
        self.via.push(Via::ProcessSubstitution);
        let mut flow = self.list(&command.list, &mut child, &Flow::unknown());
        self.via.pop();
        flow.network |= self.parts[before..].iter().any(super::fetches);
        if matches!(kind, ProcessSubstitutionKind::Write) {
            flow = Flow::unknown();
        }
        let network = flow.network;
        Word { stream: Some(Box::new(flow)), from_network: network, ..Word::unknown("/dev/fd/N") }
    }
}

/// What a command reads that is given a word as text.
fn flow_of(word: &Word) -> Flow {
    Flow {
        text: word.as_known().map(|text| format!("{text}\n")),
        network: word.from_network,
        plain: word.plain,
        given: true,
        ..Flow::default()
    }
}
