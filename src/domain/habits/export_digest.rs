//! The digest of a data export. It depends on the content only, not on white space or the order of keys.
//!
//! The seal of an export is a keyed hash of this digest under a key of the data file. It covers every key and value of the file
//! except the seal itself, so a file that was edited has another digest.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

/// The key of the seal at the top of the file.
const SEAL_KEY: &str = "seal";

/// The digest of a JSON text. Memory does not grow with the length of lists.
///
/// # Errors
/// The JSON is invalid, or the source failed.
pub fn compute_digest(json: impl Read) -> serde_json::Result<[u8; 32]> {
    let mut deserializer = serde_json::Deserializer::from_reader(json);
    let CanonicalValue(bytes) = ValueSeed { is_top: true }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(Sha256::digest(bytes).into())
}

/// A value in a form that has one spelling: a letter for its type, then the value; a list or an object is its hash.
struct CanonicalValue(Vec<u8>);

impl<'de> Deserialize<'de> for CanonicalValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ValueSeed { is_top: false }.deserialize(deserializer)
    }
}

impl CanonicalValue {
    fn new(kind: u8, value: &[u8]) -> Self {
        Self([&[kind], value].concat())
    }

    /// Writes the value so that where it ends is unambiguous.
    fn add_to(&self, hash: &mut Sha256) {
        hash.update((self.0.len() as u64).to_be_bytes());
        hash.update(&self.0);
    }
}

/// Reads any value. Only the object at the top leaves out its seal.
struct ValueSeed {
    is_top: bool,
}

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = CanonicalValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<CanonicalValue, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = CanonicalValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<CanonicalValue, E> {
        Ok(CanonicalValue::new(b'z', b""))
    }

    fn visit_bool<E>(self, value: bool) -> Result<CanonicalValue, E> {
        Ok(CanonicalValue::new(b'b', &[u8::from(value)]))
    }

    fn visit_u64<E>(self, value: u64) -> Result<CanonicalValue, E> {
        Ok(CanonicalValue::new(b'i', value.to_string().as_bytes()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<CanonicalValue, E> {
        Ok(CanonicalValue::new(b'i', value.to_string().as_bytes()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<CanonicalValue, E> {
        Ok(CanonicalValue::new(b'f', &value.to_be_bytes()))
    }

    fn visit_str<E>(self, value: &str) -> Result<CanonicalValue, E> {
        Ok(CanonicalValue::new(b's', value.as_bytes()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<CanonicalValue, A::Error> {
        let mut hash = Sha256::new();
        while let Some(element) = elements.next_element::<CanonicalValue>()? {
            element.add_to(&mut hash);
        }
        Ok(CanonicalValue::new(b'l', &hash.finalize()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<CanonicalValue, A::Error> {
        let mut sorted: Vec<(String, CanonicalValue)> = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value()?;
            if !(self.is_top && key == SEAL_KEY) {
                sorted.push((key, value));
            }
        }
        sorted.sort_by(|one, other| one.0.cmp(&other.0));
        let mut hash = Sha256::new();
        for (key, value) in &sorted {
            CanonicalValue::new(b's', key.as_bytes()).add_to(&mut hash);
            value.add_to(&mut hash);
        }
        Ok(CanonicalValue::new(b'o', &hash.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn digest(json: &str) -> [u8; 32] {
        compute_digest(json.as_bytes()).unwrap()
    }

    #[test]
    fn white_space_the_order_of_keys_and_the_seal_do_not_matter() {
        let plain = digest(r#"{"a":[1,{"b":null,"c":"é"}],"d":true}"#);
        assert_eq!(digest("{\n  \"d\": true,\n  \"a\": [1, {\"c\": \"\\u00e9\", \"b\": null}]\n}\n"), plain);
        assert_eq!(digest(r#"{"seal":"x","a":[1,{"b":null,"c":"é"}],"d":true}"#), plain);
    }

    #[test]
    fn every_value_key_and_place_is_part_of_the_digest() {
        let values = [
            json!({}),
            json!([]),
            json!([[]]),
            json!([1]),
            json!(["1"]),
            json!([1, 2]),
            json!([2, 1]),
            json!([[1], 2]),
            json!([[1, 2]]),
            json!({ "a": 1 }),
            json!({ "a": -1 }),
            json!({ "a": 1.5 }),
            json!({ "a": null }),
            json!({ "a": false }),
            json!({ "a": true }),
            json!({ "b": 1 }),
            json!({ "a": 1, "b": 1 }),
            json!({ "a": { "seal": 1 } }),
            json!({ "a": {} }),
            json!(["a", 1]),
            json!(["a1"]),
        ];
        let digests: std::collections::BTreeSet<_> =
            values.iter().map(|value: &Value| digest(&value.to_string())).collect();
        assert_eq!(digests.len(), values.len());
    }

    #[test]
    fn text_that_is_not_json_has_no_digest() {
        for bad in ["", "{", "{} {}"] {
            assert!(compute_digest(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
