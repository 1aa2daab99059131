//! Times on the command line.

use crate::domain::instant::{Instant, parse_rfc3339};
use crate::shell::wall_clock;

/// Reads an RFC 3339 time with an explicit offset, or `now`.
pub fn instant(text: &str) -> Result<Instant, String> {
    if text == "now" {
        return Ok(wall_clock::now());
    }
    parse_rfc3339(text).ok_or_else(|| {
        "a time needs its date and an explicit offset; write `2026-11-21T09:14:30+05:30`, `2026-11-21T03:44:30Z` or `now`".into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::rfc3339;

    #[test]
    fn a_naive_time_is_refused() {
        assert!(instant("2026-11-21T09:14:30").is_err());
        assert!(instant("2026-11-21").is_err());
        assert_eq!(instant("2026-11-21T09:14:30+05:30").map(rfc3339), Ok("2026-11-21T03:44:30Z".to_owned()));
    }
}
