use super::error::ConfigError;
use super::keys::{self, Key, ProjectRule};
use super::value::{Kind, Value};
use keep_policy::{Lines, Place};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The largest configuration file: a hundred times any real one.
pub(crate) const MAX_BYTES: usize = 64 * 1024;
/// The most entries of `include`.
const MAX_INCLUDES: usize = 64;

/// Whose file it is, which decides the keys it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The system's or the user's.
    House,
    /// A project's.
    Project,
}

/// One configuration file, checked.
#[derive(Debug, Default)]
pub struct Document {
    /// What it sets, and where.
    pub entries: Vec<(&'static Key, Value, Place)>,
    /// Further settings files of a project, relative to its root.
    pub include: Vec<(String, Place)>,
}

/// Reads one configuration file's text.
///
/// # Errors
/// When it is no TOML, or a key is unknown, misplaced or of the wrong type; with file and line.
pub fn read(file: &str, text: &str, reader: Reader) -> Result<Document, ConfigError> {
    if text.len() > MAX_BYTES {
        return Err(ConfigError::TooLarge { file: file.to_owned(), limit_bytes: MAX_BYTES });
    }
    let lines = Lines::of(file, text);
    let place = |offset| lines.place(offset);
    let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        place: place(error.span().unwrap_or_default().start),
        message: error.message().trim_end().to_owned(),
    })?;
    let mut walk = Walk { place: &place, reader, document: Document::default() };
    walk.table("", table.get_ref())?;
    Ok(walk.document)
}

struct Walk<'a> {
    place: &'a dyn Fn(usize) -> Place,
    reader: Reader,
    document: Document,
}

impl Walk<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) -> Result<(), ConfigError> {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let place = (self.place)(key.span().start);
            if name == "include" && self.reader == Reader::Project {
                self.include(value)?;
                continue;
            }
            let section = format!("{name}.");
            let is_section = keys::KEYS.iter().any(|known| known.name.starts_with(&section));
            match (keys::find(&name), value.get_ref()) {
                (Some(known), _) => self.entry(known, value, place)?,
                (None, DeValue::Table(inner)) if is_section => self.table(&section, inner)?,
                (None, _) if is_section => {
                    return Err(bad_value(place, &name, "a table of settings", value));
                }
                (None, _) => {
                    let suggestion = keys::nearest(&name).map(str::to_owned);
                    let key = name.chars().take(80).collect();
                    return Err(ConfigError::UnknownKey { place: place.to_string(), key, suggestion });
                }
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        key: &'static Key,
        value: &Spanned<DeValue<'_>>,
        place: Place,
    ) -> Result<(), ConfigError> {
        if key.project == ProjectRule::Own && self.reader != Reader::Project {
            return Err(ConfigError::ProjectsOwn { place: place.to_string(), key: key.name });
        }
        let text = match value.get_ref() {
            DeValue::String(text) if key.kind.is_quoted() => Some(text.to_string()),
            DeValue::Integer(number) if !key.kind.is_quoted() && number.radix() == 10 => {
                Some(number.as_str().replace('_', ""))
            }
            DeValue::Boolean(on) if !key.kind.is_quoted() => Some(on.to_string()),
            _ => None,
        };
        let Some(checked) = text.and_then(|text| key.kind.from_text(&text)) else {
            let place = (self.place)(value.span().start);
            return Err(bad_value(place, key.name, &key.kind.wanted(), value));
        };
        self.document.entries.push((key, checked, place));
        Ok(())
    }

    fn include(&mut self, value: &Spanned<DeValue<'_>>) -> Result<(), ConfigError> {
        let place = (self.place)(value.span().start);
        let wanted = format!("a list of at most {MAX_INCLUDES} paths below the project's root");
        let list = value.get_ref().as_array().filter(|list| list.len() <= MAX_INCLUDES);
        let Some(list) = list else {
            return Err(bad_value(place, "include", &wanted, value));
        };
        for item in list {
            let place = (self.place)(item.span().start);
            match item.get_ref().as_str().filter(|path| is_inside(path)) {
                Some(path) => self.document.include.push((path.to_owned(), place)),
                None => return Err(bad_value(place, "include", &wanted, item)),
            }
        }
        Ok(())
    }
}

/// Whether a path stays below the folder it is taken from, by its words alone.
fn is_inside(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    path.len() <= 1_024 && !path.contains('\0') && path.split('/').all(plain)
}

#[expect(clippy::needless_pass_by_value, reason = "the place is made for the error")]
fn bad_value(place: Place, key: &str, wanted: &str, value: &Spanned<DeValue<'_>>) -> ConfigError {
    let kind = keys::find(key).map_or(Kind::Line, |key| key.kind);
    let found = match value.get_ref() {
        _ if matches!(kind, Kind::Secret) => kind.shown(""),
        DeValue::String(text) => kind.shown(text),
        DeValue::Integer(number) => number.as_str().chars().take(80).collect(),
        DeValue::Boolean(on) => on.to_string(),
        other => other.type_str().to_owned(),
    };
    ConfigError::BadValue { place: place.to_string(), key: key.to_owned(), wanted: wanted.to_owned(), found }
}
