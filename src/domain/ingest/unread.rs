//! What of a payload nobody used.

use super::pointer::join;
use serde_json::Value as Json;

/// The places of `json` that are neither in `used` nor hold something that is; of a subtree
/// without any use, only its top. At most `max`.
///
/// `used` is sorted. The depth of `json` bounds the recursion.
pub(super) fn unread(json: &Json, base: &str, used: &[String], max: usize) -> Vec<String> {
    let mut places = Vec::new();
    collect(json, base, used, max, &mut places);
    places
}

fn collect(json: &Json, path: &str, used: &[String], max: usize, places: &mut Vec<String>) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                visit(value, join(path, name), used, max, places);
            }
        }
        Json::Array(elements) => {
            for (nth, value) in elements.iter().enumerate() {
                visit(value, format!("{path}/{nth}"), used, max, places);
            }
        }
        _ => {}
    }
}

fn visit(json: &Json, mut path: String, used: &[String], max: usize, places: &mut Vec<String>) {
    if places.len() >= max || used.binary_search(&path).is_ok() {
        return;
    }
    path.push('/');
    // What lies inside is one run of the sorted list.
    let start = used.partition_point(|place| *place < path);
    let inside = &used[start..];
    let inside = &inside[..inside.iter().take_while(|place| place.starts_with(&path)).count()];
    path.pop();
    if inside.is_empty() {
        places.push(path);
    } else {
        collect(json, &path, inside, max, places);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unused_subtree_is_named_by_its_top_and_a_used_one_by_its_leftovers() {
        let json = json!({"a": {"b": 1, "c": {"d": 2}}, "ab": 3, "e": [4, {"f": 5, "g": 6}], "h/i": 7});
        let used = ["/a/b".to_owned(), "/e/1/f".to_owned()];
        assert_eq!(unread(&json, "", &used, 100), ["/a/c", "/ab", "/e/0", "/e/1/g", "/h~1i"]);
        assert_eq!(unread(&json, "", &used, 2).len(), 2);
        assert_eq!(unread(&json, "", &["/a".to_owned(), "/ab".to_owned(), "/e".to_owned(), "/h~1i".to_owned()], 9).len(), 0);
    }
}
