//! Words that name hosts, remote paths, mounts and modes.

use super::Act;
use super::apply::{Used, part_of};
use crate::effect::{Deed, Effect, Kind, Origin, Place, Traffic};
use crate::path::{locate, normalise};
use crate::word::{Sort, Word};

/// The host of a URL, or the word itself where it is none.
fn host_of(text: &str) -> Option<String> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if let Some(inner) = host.strip_prefix('[') {
        inner.split(']').next()?
    } else {
        host.split(':').next()?
    };
    // Names compare without case, and a dot at the end changes nothing.
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    (!host.is_empty() && !host.contains(['\0', '%', '\\', ' '])).then_some(host)
}

impl Act<'_, '_> {
    /// A URL that is asked or given something.
    pub(crate) fn url(&mut self, traffic: Traffic, word: &Word) {
        if word.text.starts_with("ext::") {
            // Git runs what stands behind it.
            return self.effects.push(Effect::Code { origin: Origin::Unseen });
        }
        if let Some(path) = word.text.strip_prefix("file://") {
            return self.path(Deed::Read, &part_of(word, path));
        }
        let host = if word.sort == Sort::Known { host_of(&word.text) } else { None };
        // What a flag or the row said of the traffic holds for this host too.
        let strongest = self
            .effects
            .iter()
            .filter_map(
                |effect| if let Effect::Network { traffic, .. } = effect { Some(*traffic) } else { None },
            )
            .fold(traffic, Traffic::max);
        self.effects.retain(|effect| !matches!(effect, Effect::Network { host: None, .. }));
        self.effects.push(Effect::Network { traffic: strongest, host });
    }

    /// The name that the user's settings give a host; anything else is a host or a path of its own.
    pub(crate) fn service(&mut self, word: &Word) {
        if word.sort != Sort::Known || word.text.contains(':') {
            self.url(Traffic::Fetch, word);
        } else if word.text.contains('/') || word.text.starts_with(['.', '~']) {
            self.path(Deed::Read, word);
        }
    }

    /// A path here, or `host:path` elsewhere.
    pub(crate) fn remote(&mut self, word: &Word, used: &mut Used) {
        let colon = word.text.find(':').filter(|&at| at > 0 && !word.text[..at].contains('/'));
        if colon.is_some() || word.text.contains("://") {
            self.url(Traffic::Send, word);
        } else {
            self.path(Deed::Read, word);
            if used.operands.last() == Some(word) && used.operands.len() > 1 {
                used.written.push(word.text.clone());
                self.path(Deed::Write, word);
            }
        }
    }

    /// Data to be sent: `@file` is read.
    pub(crate) fn data(&mut self, word: &Word) {
        self.effects.push(Effect::Network { traffic: Traffic::Send, host: None });
        let file = word.text.strip_prefix('@').or_else(|| word.text.split_once("=@").map(|(_, file)| file));
        if let Some(file) = file {
            let file = file.split(';').next().unwrap_or(file);
            self.path(Deed::Read, &part_of(word, file));
        }
    }

    /// An HTTP method.
    pub(crate) fn method(&mut self, word: &Word) {
        let traffic = match word.text.to_ascii_uppercase().as_str() {
            "GET" | "HEAD" | "OPTIONS" => Traffic::Fetch,
            _ => Traffic::Change,
        };
        self.effects.push(Effect::Network { traffic, host: None });
    }

    /// `-v here:there`, `--mount type=bind,source=here,…`.
    pub(crate) fn mount(&mut self, word: &Word) {
        let here = word
            .text
            .split(',')
            .find_map(|part| part.strip_prefix("source=").or_else(|| part.strip_prefix("src=")))
            .unwrap_or_else(|| word.text.split(':').next().unwrap_or_default());
        if !here.starts_with(['/', '.', '~', '$']) {
            return;
        }
        let here = part_of(word, here);
        let grave =
            locate(&here, &self.shell.folders, self.shell.context).into_iter().any(|(path, place)| {
                matches!(place, Place::Vital | Place::System | Place::Secret | Place::Device | Place::Startup)
                    || path.ends_with("docker.sock")
            });
        if grave {
            self.effects.push(Effect::Act { kind: Kind::Escape });
        }
        self.path(Deed::Write, &here);
    }

    /// `chmod`: a mode that gives a program its owner's rights is more than a change.
    pub(crate) fn chmod(&mut self, used: &Used) -> crate::reduce::Flow {
        let mode = used.operands.first().map_or("", |word| word.text.as_str());
        let octal = mode.len() >= 4 && mode.bytes().all(|byte| byte.is_ascii_digit());
        let special = octal && mode.len() > 3 && matches!(mode.as_bytes()[mode.len() - 4], b'2'..=b'7')
            || mode.contains('s') && mode.contains(['+', '=']);
        if special {
            self.effects.push(Effect::Act { kind: Kind::Privilege });
        }
        crate::reduce::Flow::of("")
    }

    /// `wget URL` and `curl -O URL` write a file named after the URL.
    pub(crate) fn fetched_file(&mut self, used: &Used) -> crate::reduce::Flow {
        let keeps = used.title.starts_with("wget") || used.has("-O") || used.has("--remote-name");
        for url in used.operands.iter().filter(|_| keeps) {
            let path = url.text.split(['?', '#']).next().unwrap_or_default();
            if let Some(name) = path.rsplit('/').next().filter(|name| !name.is_empty()) {
                for folder in self.shell.folders.iter().flatten() {
                    self.reducer.fetched.push(normalise(folder, name));
                }
                let to_stdout = used.flags.iter().any(|(flag, value)| {
                    matches!(*flag, "-O" | "--output-document")
                        && value.as_ref().is_some_and(|word| word.text == "-")
                });
                if !to_stdout && !used.has("--output-document") {
                    self.path(Deed::Write, &Word::known(name));
                }
            }
        }
        crate::reduce::Flow::unknown()
    }
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn a_url_names_its_host_whatever_stands_around_it() {
        for (text, expected) in [
            ("https://a.example/x", Some("a.example")),
            ("https://a.example@evil.example/", Some("evil.example")),
            ("http://[::1]:80/", Some("::1")),
            ("A.Example.:8080/x", Some("a.example")),
            ("localhost:9200/_x", Some("localhost")),
            ("http://evil%00.a.example/", None),
            ("", None),
        ] {
            assert_eq!(host_of(text).as_deref(), expected, "{text}");
        }
    }
}
