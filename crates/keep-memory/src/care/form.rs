//! Tokens that begin with a mark of whoever gave them out and go on for a known length.

use super::Secret;

/// A token's form: how it begins, what it goes on with, and for how long.
struct Form {
    what: &'static str,
    /// Any of these begins it.
    marks: &'static [&'static str],
    body: Body,
    /// How many characters follow the mark, at least and at most.
    least: usize,
    most: usize,
}

/// The characters after the mark.
#[derive(Clone, Copy)]
enum Body {
    /// Letters and digits.
    Word,
    /// Letters, digits, `_` and `-`.
    Url,
    /// Letters, digits, `_`, `-` and `.`.
    Dotted,
    /// Capital letters and the digits 2 to 7.
    Base32,
    /// Capital letters and digits.
    Capital,
    /// Small hex digits.
    Hex,
}

impl Body {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Word => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Self::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
            Self::Capital => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
        }
    }
}

const fn form(
    what: &'static str,
    marks: &'static [&'static str],
    body: Body,
    least: usize,
    most: usize,
) -> Form {
    Form { what, marks, body, least, most }
}

const FORMS: &[Form] = &[
    form("aws-key-id", &["AKIA", "ASIA", "ABIA", "ACCA"], Body::Base32, 16, 16),
    form("github-token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], Body::Word, 36, 255),
    form("github-token", &["github_pat_"], Body::Url, 60, 255),
    form("gitlab-token", &["glpat-", "gldt-", "glrt-", "glcbt-"], Body::Url, 20, 64),
    form("slack-token", &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-"], Body::Url, 24, 255),
    form("slack-token", &["xapp-1-"], Body::Url, 40, 255),
    form("stripe-key", &["sk_live_", "rk_live_", "sk_test_", "rk_test_"], Body::Word, 24, 255),
    form("stripe-key", &["whsec_"], Body::Word, 32, 64),
    form("google-key", &["AIza"], Body::Url, 35, 35),
    form("google-secret", &["GOCSPX-"], Body::Url, 28, 28),
    form("google-token", &["ya29."], Body::Dotted, 40, 2048),
    form("anthropic-key", &["sk-ant-"], Body::Url, 40, 255),
    form("openai-key", &["sk-proj-", "sk-svcacct-", "sk-admin-"], Body::Url, 40, 255),
    form("openai-key", &["sk-"], Body::Word, 48, 48),
    form("openrouter-key", &["sk-or-v1-"], Body::Hex, 64, 64),
    form("huggingface-token", &["hf_"], Body::Word, 34, 40),
    form("npm-token", &["npm_"], Body::Word, 36, 36),
    form("pypi-token", &["pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBp"], Body::Url, 50, 1024),
    form("crates-token", &["cio"], Body::Word, 32, 32),
    form("docker-token", &["dckr_pat_"], Body::Url, 27, 64),
    form("digitalocean-token", &["dop_v1_", "doo_v1_", "dor_v1_"], Body::Hex, 64, 64),
    form("shopify-token", &["shpat_", "shpca_", "shppa_", "shpss_"], Body::Hex, 32, 32),
    form("linear-key", &["lin_api_"], Body::Word, 40, 40),
    form("databricks-token", &["dapi"], Body::Hex, 32, 32),
    form("sendgrid-key", &["SG."], Body::Dotted, 66, 66),
    form("age-key", &["AGE-SECRET-KEY-1"], Body::Capital, 58, 58),
    form("vault-token", &["hvs.", "hvb."], Body::Url, 24, 255),
];

/// Adds every token of a known form.
pub(super) fn find(text: &str, found: &mut Vec<Secret>) {
    let bytes = text.as_bytes();
    for start in 0..bytes.len() {
        // In the middle of a word nothing begins.
        if start > 0 && Body::Url.has(bytes[start - 1]) {
            continue;
        }
        let end_and_what = FORMS.iter().find_map(|form| Some((form.end(bytes, start)?, form.what)));
        if let Some((end, what)) = end_and_what {
            found.push(Secret { start, end, what });
        }
    }
}

impl Form {
    /// Where a token of this form that starts here ends.
    fn end(&self, bytes: &[u8], start: usize) -> Option<usize> {
        let rest = &bytes[start..];
        let mark = self.marks.iter().find(|mark| rest.starts_with(mark.as_bytes()))?;
        // A few more than fit, so that what is too long is told from what punctuation follows.
        let length = rest[mark.len()..].iter().take(self.most + 8).take_while(|&&b| self.body.has(b)).count();
        let mut body = &rest[mark.len()..mark.len() + length];
        // A full stop or a dash after the token is the sentence's.
        while let [shorter @ .., b'.' | b'-' | b'_'] = body {
            body = shorter;
        }
        let fits = (self.least..=self.most).contains(&body.len()) && !shows(body);
        fits.then_some(start + mark.len() + body.len())
    }
}

/// Whether the body says of itself that it is an example: few different characters, or words that say so.
fn shows(body: &[u8]) -> bool {
    let mut seen = [false; 256];
    body.iter().for_each(|&byte| seen[usize::from(byte)] = true);
    let different = seen.iter().filter(|&&is| is).count();
    let small = body.to_ascii_lowercase();
    let says = |word: &str| small.windows(word.len()).any(|piece| piece == word.as_bytes());
    different < 5 || says("example") || says("xxxxxx") || says("your_") || says("your-") || says("redacted")
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::secrets;

    /// One token of each form. They are put together here so that no tool takes this file for a leak.
    pub(in super::super) fn samples() -> Vec<(String, &'static str)> {
        let word = |n: usize| "a1B2c3D4e5F6g7H8".chars().cycle().take(n).collect::<String>();
        let hex = |n: usize| "0f1e2d3c4b5a6978".chars().cycle().take(n).collect::<String>();
        let capital = |n: usize| "QPZRY9X8GF2TVDW0".chars().cycle().take(n).collect::<String>();
        vec![
            (format!("AKIA{}", "Q7Z2R4X6"[..8].repeat(2)), "aws-key-id"),
            (format!("ghs_{}", word(36)), "github-token"),
            (format!("github_pat_{}_{}", word(22), word(59)), "github-token"),
            (format!("glpat-{}", word(20)), "gitlab-token"),
            (format!("xoxb-{}-{}-{}", "123456789012", "987654321098", word(24)), "slack-token"),
            (format!("xapp-1-A0{}-1234567890123-{}", word(9), hex(64)), "slack-token"),
            (format!("sk_live_{}", word(24)), "stripe-key"),
            (format!("whsec_{}", word(32)), "stripe-key"),
            (format!("AIza{}", word(35)), "google-key"),
            (format!("GOCSPX-{}", word(28)), "google-secret"),
            (format!("ya29.{}", word(60)), "google-token"),
            (format!("sk-ant-api03-{}", word(93)), "anthropic-key"),
            (format!("sk-proj-{}", word(60)), "openai-key"),
            (format!("sk-{}", word(48)), "openai-key"),
            (format!("sk-or-v1-{}", hex(64)), "openrouter-key"),
            (format!("hf_{}", word(34)), "huggingface-token"),
            (format!("npm_{}", word(36)), "npm-token"),
            (format!("pypi-AgEIcHlwaS5vcmc{}", word(80)), "pypi-token"),
            (format!("cio{}", word(32)), "crates-token"),
            (format!("dckr_pat_{}", word(27)), "docker-token"),
            (format!("dop_v1_{}", hex(64)), "digitalocean-token"),
            (format!("shpat_{}", hex(32)), "shopify-token"),
            (format!("lin_api_{}", word(40)), "linear-key"),
            (format!("dapi{}", hex(32)), "databricks-token"),
            (format!("SG.{}.{}", word(22), word(43)), "sendgrid-key"),
            (format!("AGE-SECRET-KEY-1{}", capital(58)), "age-key"),
            (format!("hvs.{}", word(24)), "vault-token"),
        ]
    }

    #[test]
    fn every_form_is_found_wherever_it_stands() {
        for (token, what) in samples() {
            for (before, after) in
                [("", ""), ("`", "`"), ("key: ", "."), ("(", ")\n"), ("ü ", ", ö"), ("\"", "\"")]
            {
                let text = format!("{before}{token}{after}");
                let found = secrets(&text);
                let shown: Vec<_> = found.iter().map(|s| (&text[s.start..s.end], s.what)).collect();
                assert_eq!(shown, [(token.as_str(), what)], "{text}");
            }
        }
    }

    #[test]
    fn one_character_less_or_a_letter_before_is_none() {
        for (token, what) in samples() {
            let hidden = format!("x{token}");
            assert!(secrets(&hidden).iter().all(|found| found.what != what), "{hidden}");
            // Forms of any length from a least one on have room to spare in some samples.
            if !matches!(
                what,
                "slack-token"
                    | "google-token"
                    | "anthropic-key"
                    | "openai-key"
                    | "pypi-token"
                    | "github-token"
            ) {
                let short = &token[..token.len() - 1];
                assert_eq!(secrets(short), [], "{short}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE is the key of the documentation",
            "tokens start with ghp_ or github_pat_",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "sk-your-key-here, sk-ant-..., sk-proj-<key>",
            "sk-learn-estimators-are-cloned-before-they-are-fitted-again",
            "AIza followed by 35 characters",
            "npm_config_registry_is_read_from_the_environment",
            "hf_hub_download and hf_transfer",
            "cioppino and the ciborium crate",
            "dapiserver",
            "SG.md is the style guide",
            "xoxb-your-token",
            "the branch is glpat-rotation",
            "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
            "commit 2ff8bb5a9c64e1b5c0d0f7f9a3f8e2d1c4b5a697",
            "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ] {
            assert_eq!(secrets(text), [], "{text}");
        }
    }
}
