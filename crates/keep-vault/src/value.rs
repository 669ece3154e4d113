//! Secret bytes, which show nowhere and are wiped when they go.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use zeroize::Zeroizing;

/// A larger secret is a file that wants a store of its own; it would also not fit an environment.
pub const MAX_VALUE_BYTES: usize = 64 << 10;

/// The bytes of a secret. Neither `Debug` nor any error shows them; dropping wipes them.
#[derive(Clone, PartialEq, Eq)]
pub struct Value(Zeroizing<Vec<u8>>);

impl Value {
    /// Takes these bytes as a secret.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves. Whoever calls this carries them to a place that may know them.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(hidden)")
    }
}

/// In the vault's file a value is base64, so that any bytes fit into JSON and none are escaped.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(BASE64_STANDARD.encode(self.reveal())))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Value;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value in base64")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
                // The decoder's own message would name bytes of the value.
                BASE64_STANDARD.decode(text).map(Value::new).map_err(|_| E::custom("a value is not base64"))
            }
        }
        deserializer.deserialize_str(Text).map_err(|_| D::Error::custom("a value is not base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_shows_nowhere_but_survives_the_file() {
        let value = Value::new(b"hunter2-hunter2\0\xff".to_vec());
        assert_eq!(format!("{value:?}"), "Value(hidden)");
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        let error = serde_json::from_str::<Value>("\"hunter2-hunter2!\"").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
