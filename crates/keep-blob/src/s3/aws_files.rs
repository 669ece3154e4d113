use super::{AccessKeys, Credentials};
use crate::address::Endpoint;
use crate::error::BlobError;
use zeroize::Zeroizing;

/// What the usual AWS files say of one profile.
#[derive(Clone, Debug, Default)]
pub struct AwsProfile {
    /// The key, if the profile has one.
    pub keys: Option<AccessKeys>,
    /// The region.
    pub region: Option<String>,
    /// The server.
    pub endpoint: Option<Endpoint>,
    /// The setting by which the profile gets its key, where that way is not built in.
    pub other_way: Option<&'static str>,
}

/// Settings by which a profile gets its key in a way that is not built in.
const OTHER_WAYS: &[&str] = &[
    "role_arn",
    "source_profile",
    "sso_session",
    "sso_start_url",
    "credential_process",
    "web_identity_token_file",
];

/// More than any such file has; what is larger is not one.
const FILE_BYTES: usize = 1 << 20;

#[derive(Default)]
struct Found {
    known: bool,
    id: Option<Zeroizing<String>>,
    secret: Option<Zeroizing<String>>,
    session: Option<Zeroizing<String>>,
    region: Option<String>,
    endpoint: Option<String>,
    other_way: Option<&'static str>,
}

impl AwsProfile {
    /// Reads a profile from the text of the `config` and the `credentials` file; either may be empty.
    /// What the second says of a key counts more, as it does for AWS's own programs. No value of a file
    /// ever stands in an error. Without a name it is the profile `default`, which need not be there.
    ///
    /// # Errors
    /// When neither file has the profile that was named, or a line is malformed.
    pub fn parse(config: &str, credentials: &str, named: Option<&str>) -> Result<Self, BlobError> {
        let profile = named.unwrap_or("default");
        let in_config = read(config, "config", |section| {
            section == profile && profile == "default"
                || section
                    .strip_prefix("profile")
                    .is_some_and(|name| name.starts_with([' ', '\t']) && name.trim() == profile)
        })?;
        let in_credentials = read(credentials, "credentials", |section| section == profile)?;
        if named.is_some() && !in_config.known && !in_credentials.known {
            let shown: String = profile.chars().filter(char::is_ascii_graphic).take(64).collect();
            return Err(unusable(format!("the AWS files have no profile `{shown}`")));
        }
        let with_key = if in_credentials.id.is_some() || in_credentials.secret.is_some() {
            &in_credentials
        } else {
            &in_config
        };
        let keys = match (&with_key.id, &with_key.secret) {
            (Some(id), Some(secret)) => {
                Some(AccessKeys::new(id, secret, with_key.session.as_ref().map(|token| token.as_str()))?)
            }
            (None, None) => None,
            _ => return Err(unusable("the profile has one half of a key only".to_owned())),
        };
        let endpoint = in_credentials.endpoint.or(in_config.endpoint);
        Ok(Self {
            keys,
            region: in_credentials.region.or(in_config.region),
            endpoint: endpoint.map(|text| text.parse()).transpose()?,
            other_way: in_credentials.other_way.or(in_config.other_way),
        })
    }

    /// Who asks, as far as the profile says so.
    ///
    /// # Errors
    /// When its key is to be had in a way that is not built in (roles, single sign-on, processes, web
    /// identities).
    pub fn credentials(&self) -> Result<Credentials, BlobError> {
        match (&self.keys, self.other_way) {
            (Some(keys), _) => Ok(Credentials::Keys(keys.clone())),
            (None, Some(way)) => {
                Err(unusable(format!("the profile gets its key by `{way}`, which is not built in")))
            }
            (None, None) => Ok(Credentials::Missing),
        }
    }
}

fn unusable(why: String) -> BlobError {
    BlobError::Credentials { why }
}

fn read(text: &str, file: &str, is_wanted: impl Fn(&str) -> bool) -> Result<Found, BlobError> {
    if text.len() > FILE_BYTES {
        return Err(unusable(format!("the AWS {file} file is larger than 1 MiB")));
    }
    let malformed =
        |number: usize| unusable(format!("line {} of the AWS {file} file is malformed", number + 1));
    let mut found = Found::default();
    let mut within = None;
    for (number, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if let Some(rest) = content.strip_prefix('[') {
            let (section, _) = rest.split_once(']').ok_or_else(|| malformed(number))?;
            let wanted = is_wanted(section.trim());
            found.known |= wanted;
            within = Some(wanted);
            continue;
        }
        match within {
            None => return Err(malformed(number)),
            // An indented line belongs to a group of settings that are not ours.
            Some(_) if line.starts_with([' ', '\t']) => {}
            Some(false) => {}
            Some(true) => {
                let (key, value) = content.split_once('=').ok_or_else(|| malformed(number))?;
                found.set(&key.trim().to_ascii_lowercase(), value.trim());
            }
        }
    }
    Ok(found)
}

impl Found {
    fn set(&mut self, key: &str, value: &str) {
        let secret = || Some(Zeroizing::new(value.to_owned()));
        match key {
            "aws_access_key_id" => self.id = secret(),
            "aws_secret_access_key" => self.secret = secret(),
            "aws_session_token" => self.session = secret(),
            "region" => self.region = Some(value.to_owned()),
            "endpoint_url" => self.endpoint = Some(value.to_owned()),
            _ => {
                if let Some(way) = OTHER_WAYS.iter().find(|way| **way == key) {
                    self.other_way = Some(way);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
# comment
[default]
region = eu-west-1
s3 =
  max_concurrent_requests = 20
[profile work]
region=eu-central-1
endpoint_url = https://s3.example.org
aws_access_key_id = CONFIGID
aws_secret_access_key = config+secret/=
[profile role]
role_arn = arn:aws:iam::1:role/x
[profile\tspaced]
region = r
[plain]
region = wrong
[services x]
s3 =
  endpoint_url = http://evil.example.org
";
    const CREDENTIALS: &str = "\
[default]
aws_access_key_id = ID
aws_secret_access_key = hunter2=
; comment
aws_session_token = TOKEN
[half]
aws_access_key_id = ID
[plain]
";

    #[test]
    fn profiles_are_read_from_both_files() {
        let cases = [
            ("default", Some(("ID", "hunter2=", Some("TOKEN"))), Some("eu-west-1"), None),
            (
                "work",
                Some(("CONFIGID", "config+secret/=", None)),
                Some("eu-central-1"),
                Some("https://s3.example.org"),
            ),
            ("spaced", None, Some("r"), None),
            ("plain", None, None, None),
        ];
        for (profile, keys, region, endpoint) in cases {
            let found = AwsProfile::parse(CONFIG, CREDENTIALS, Some(profile)).unwrap();
            let expected = keys.map(|(id, secret, session)| AccessKeys::new(id, secret, session).unwrap());
            let signing = |keys: Option<AccessKeys>| keys.map(|keys| keys.for_signing());
            assert_eq!(signing(found.keys), signing(expected), "{profile}");
            assert_eq!(found.region.as_deref(), region, "{profile}");
            assert_eq!(found.endpoint.as_ref().map(Endpoint::as_str), endpoint, "{profile}");
        }
    }

    #[test]
    fn only_a_profile_that_was_named_must_be_there() {
        let found = AwsProfile::parse("[profile work]\n", "", None).unwrap();
        assert!(matches!(found.credentials(), Ok(Credentials::Missing)));
        let found = AwsProfile::parse("", CREDENTIALS, None).unwrap();
        assert!(matches!(found.credentials(), Ok(Credentials::Keys(_))));
    }

    #[test]
    fn what_cannot_be_used_is_said_without_its_values() {
        let cases = [
            (CONFIG, CREDENTIALS, "none", "no profile `none`"),
            (CONFIG, CREDENTIALS, "role", "by `role_arn`"),
            (CONFIG, CREDENTIALS, "half", "one half"),
            ("", "[default]\nhunter2\n", "default", "line 2 of the AWS credentials file"),
            ("hunter2=x\n", "", "default", "line 1 of the AWS config file"),
            ("[default\n", "", "default", "line 1 of the AWS config file"),
            ("[default]\nendpoint_url = http://hunter2.example.org\n", "", "default", "plain http"),
            (
                "",
                "[default]\naws_access_key_id = a\naws_secret_access_key = hun hunter2\n",
                "default",
                "secret",
            ),
        ];
        for (config, credentials, profile, expected) in cases {
            let read = AwsProfile::parse(config, credentials, Some(profile));
            let error = read.and_then(|read| read.credentials()).unwrap_err();
            assert!(error.to_string().contains(expected), "{profile}: {error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
