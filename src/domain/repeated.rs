//! A value that stands in many records alike.
//!
//! Every incident records the profile it was opened under and the packs it is assessed under. They
//! change once a month and are written a thousand times a second: the value is shared in memory, and
//! its JSON is made once.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// A shared value that is written as JSON, and only as JSON.
#[derive(Debug)]
pub struct Repeated<T>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    value: T,
    json: OnceLock<Box<RawValue>>,
}

impl<T> Deref for Repeated<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> From<T> for Repeated<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(Inner { value, json: OnceLock::new() }))
    }
}

impl<T> Clone for Repeated<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Default> Default for Repeated<T> {
    fn default() -> Self {
        T::default().into()
    }
}

impl<T: PartialEq> PartialEq for Repeated<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl<T: Serialize> Serialize for Repeated<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = match self.0.json.get() {
            Some(json) => json,
            None => {
                let json = to_raw_value(&self.0.value).map_err(serde::ser::Error::custom)?;
                self.0.json.get_or_init(|| json)
            }
        };
        json.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Repeated<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn it_is_written_as_the_value_is_every_time_and_reads_back() {
        let map = BTreeMap::from([("a \"b\"".to_owned(), vec![1, 2]), ("c".to_owned(), vec![])]);
        let repeated = Repeated::from(map.clone());
        let plain = serde_json::to_string(&map).expect("JSON");
        for _ in 0..2 {
            assert_eq!(serde_json::to_string(&repeated.clone()).expect("JSON"), plain);
        }
        let read: Repeated<BTreeMap<String, Vec<i32>>> = serde_json::from_str(&plain).expect("it reads back");
        assert_eq!(read, repeated);
        assert_ne!(Repeated::from(1), Repeated::from(2));
    }
}
