//! The address a request comes from, when it came through proxies.
//!
//! Anybody can write `X-Forwarded-For`; only what one of our own proxies added counts. So the list is read
//! from its end: an entry is believed if the one after it was written by a proxy of ours. Which of the two
//! headers the proxies write has to be configured, since a stranger could send the other one.

use crate::shell::config::ForwardedHeader;
use axum::http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Whose word about a client's address is taken, and where it stands.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// The networks of the proxies.
    pub trusted: Vec<IpNet>,
    /// The header they write.
    pub header: ForwardedHeader,
}

impl Proxies {
    /// The client behind a connection; `None` when a proxy of ours does not say whom it speaks for.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if !self.is_ours(peer) {
            return Some(peer);
        }
        let mut leftmost = None;
        for entry in self.entries(headers).into_iter().rev() {
            let address = entry?;
            if !self.is_ours(address) {
                return Some(address);
            }
            leftmost = Some(address);
        }
        // Everybody in the list is a proxy of ours: the first of them asks for itself.
        leftmost
    }

    fn is_ours(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    fn entries(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let (name, read): (&str, fn(&str) -> Option<IpAddr>) = match self.header {
            ForwardedHeader::XForwardedFor => ("x-forwarded-for", node),
            ForwardedHeader::Forwarded => ("forwarded", forwarded_for),
        };
        let lines = headers.get_all(name).iter();
        lines.flat_map(|line| line.to_str().unwrap_or_default().split(',')).map(|entry| read(entry.trim())).collect()
    }
}

/// `for=…` of one element of `Forwarded` (RFC 7239, 4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    node(value.trim().trim_matches('"'))
}

/// An address with or without a port, in brackets or not.
fn node(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip())).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn client(header: ForwardedHeader, peer: &str, lines: &[&str]) -> Option<String> {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network")).to_vec();
        let name = if header == ForwardedHeader::Forwarded { "forwarded" } else { "x-forwarded-for" };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, line.parse().expect("a header"));
        }
        let proxies = Proxies { trusted, header };
        proxies.client(peer.parse().expect("an address"), &headers).map(|address| address.to_string())
    }

    fn by_x(peer: &str, lines: &[&str]) -> Option<String> {
        client(ForwardedHeader::XForwardedFor, peer, lines)
    }

    #[test]
    fn a_strangers_word_about_itself_does_not_count() {
        assert_eq!(by_x("203.0.113.9", &["192.0.2.1"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(by_x("10.0.0.1", &["192.0.2.1, 203.0.113.9"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(by_x("10.0.0.1", &["192.0.2.1", "203.0.113.9, 10.0.0.2"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(by_x("::ffff:10.0.0.1", &["192.0.2.1, ::ffff:203.0.113.9"]).as_deref(), Some("203.0.113.9"));
    }

    #[test]
    fn a_proxy_that_does_not_say_for_whom_it_speaks_speaks_for_nobody() {
        for lines in [&[][..], &[""], &["192.0.2.1, unknown"], &["192.0.2.1,"], &["192.0.2.1, 10.0.0.300"]] {
            assert_eq!(by_x("10.0.0.1", lines), None, "{lines:?}");
        }
        assert_eq!(by_x("10.0.0.1", &["10.0.0.3, 10.0.0.2"]).as_deref(), Some("10.0.0.3"));
        assert_eq!(client(ForwardedHeader::Forwarded, "10.0.0.1", &["for=_hidden"]), None);
    }

    #[test]
    fn both_headers_are_read_in_every_form_they_have() {
        for entry in ["192.0.2.7", "192.0.2.7:4711", "::ffff:192.0.2.7"] {
            assert_eq!(by_x("10.0.0.1", &[entry]).as_deref(), Some("192.0.2.7"), "{entry}");
        }
        for element in ["for=192.0.2.7", "proto=https;For=\"192.0.2.7:4711\";by=10.0.0.1", "for=10.0.0.9, for=192.0.2.7"] {
            assert_eq!(client(ForwardedHeader::Forwarded, "10.0.0.1", &[element]).as_deref(), Some("192.0.2.7"), "{element}");
        }
        assert_eq!(
            client(ForwardedHeader::Forwarded, "fd00::1", &["for=\"[2001:db8::7]:4711\""]).as_deref(),
            Some("2001:db8::7")
        );
        assert_eq!(by_x("10.0.0.1", &["[2001:db8::7]"]).as_deref(), Some("2001:db8::7"));
    }

    proptest! {
        #[test]
        fn what_a_client_writes_never_makes_it_another(line in "[ -~]{0,60}") {
            // The proxy adds the address it saw at the end, as a line of its own or of the same.
            let element = format!("{}, for=203.0.113.9", line.replace('"', ""));
            let told = [
                by_x("10.0.0.1", &[&line, "203.0.113.9"]),
                by_x("10.0.0.1", &[&format!("{line}, 203.0.113.9")]),
                client(ForwardedHeader::Forwarded, "10.0.0.1", &[&element]),
            ];
            for address in told {
                prop_assert_eq!(address.as_deref(), Some("203.0.113.9"));
            }
        }
    }
}
