//! The JSON header of a safetensors file, read with bounds on everything that it can grow.

use crate::format::Limits;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// What the header says of one tensor, unchecked.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) dtype: String,
    pub(super) shape: Vec<u64>,
    /// First byte and the byte after the last, counted from the end of the header.
    pub(super) offsets: [u64; 2],
}

/// Reads the whole header: tensors by name, as often as they stand there.
pub(super) struct Header<'a> {
    pub(super) limits: &'a Limits,
}

impl<'de> DeserializeSeed<'de> for Header<'_> {
    type Value = Vec<(String, Entry)>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Header<'_> {
    type Value = Vec<(String, Entry)>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object with a member for each tensor")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if entries.len() as u64 >= self.limits.tensors {
                return Err(A::Error::custom("too many tensors"));
            }
            entries.push((name, map.next_value_seed(Tensor { rank: self.limits.rank })?));
        }
        Ok(entries)
    }
}

struct Tensor {
    rank: usize,
}

impl<'de> DeserializeSeed<'de> for Tensor {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Entry, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Tensor {
    type Value = Entry;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object with dtype, shape and data_offsets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let (mut dtype, mut shape, mut offsets) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            let again = match key.as_str() {
                "dtype" => dtype.replace(map.next_value()?).is_some(),
                "shape" => shape.replace(map.next_value_seed(Extents { most: self.rank })?).is_some(),
                "data_offsets" => offsets.replace(map.next_value()?).is_some(),
                // Members that a later version may add do not change where the tensor lies.
                _ => map.next_value::<IgnoredAny>().map(|_| false)?,
            };
            if again {
                return Err(A::Error::custom(format_args!("{key} stands twice")));
            }
        }
        Ok(Entry {
            dtype: dtype.ok_or_else(|| A::Error::missing_field("dtype"))?,
            shape: shape.ok_or_else(|| A::Error::missing_field("shape"))?,
            offsets: offsets.ok_or_else(|| A::Error::missing_field("data_offsets"))?,
        })
    }
}

struct Extents {
    most: usize,
}

impl<'de> DeserializeSeed<'de> for Extents {
    type Value = Vec<u64>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Vec<u64>, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Extents {
    type Value = Vec<u64>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of extents")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<u64>, A::Error> {
        let mut extents = Vec::new();
        while let Some(extent) = list.next_element()? {
            if extents.len() == self.most {
                return Err(A::Error::custom("too many extents"));
            }
            extents.push(extent);
        }
        Ok(extents)
    }
}
