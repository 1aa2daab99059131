//! Which addresses a request of ours may reach. A URL in a configuration must not become a hand inside our own
//! network: the name is resolved once, every address is judged, and the connection goes to those addresses.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Resolves names, and refuses a name if any of its addresses is out of bounds.
#[derive(Clone, Copy, Debug)]
pub(in crate::shell) struct AddressGuard {
    /// Whether loopback and private networks are within bounds.
    pub allow_private: bool,
}

/// The name or address is out of bounds.
#[derive(Debug, thiserror::Error)]
#[error("the address belongs to {kind}")]
pub(in crate::shell) struct OutOfBounds {
    /// What it belongs to, such as `a private network`.
    pub kind: &'static str,
}

impl AddressGuard {
    /// Judges one address.
    pub fn check(self, address: IpAddr) -> Result<(), OutOfBounds> {
        match reach(address) {
            Reach::Public => Ok(()),
            Reach::Private(_) if self.allow_private => Ok(()),
            Reach::Private(kind) | Reach::Never(kind) => Err(OutOfBounds { kind }),
        }
    }

    /// Looks the name up and judges what comes back; the port of the addresses is `port`.
    pub async fn resolve_name(self, name: &str, port: u16) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name, port)).await?.collect();
        for address in &addresses {
            self.check(address.ip())?;
        }
        Ok(addresses)
    }
}

impl Resolve for AddressGuard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            let addresses = guard.resolve_name(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

enum Reach {
    Public,
    /// Allowed by `allow_private`.
    Private(&'static str),
    /// Never a webhook's address.
    Never(&'static str),
}

fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => embedded_v4(v6).map_or_else(|| reach_v6(v6), reach_v4),
    }
}

/// Alibaba's metadata service lives in the shared range, Amazon's and Google's in link-local.
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
/// Amazon's metadata service on IPv6, in a unique local range.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [a, b, c, _] = address.octets();
    if address == METADATA_V4 {
        return Reach::Never("a cloud's metadata service");
    }
    match (a, b, c) {
        (0, ..) => Reach::Never("no machine in particular"),
        (169, 254, _) => Reach::Never("the local link, where clouds keep their metadata"),
        (224..=239, ..) => Reach::Never("a multicast group"),
        (240.., ..) => Reach::Never("a reserved range"),
        (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) => Reach::Never("a reserved range"),
        (127, ..) => Reach::Private("this machine"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Reach::Private("a private network"),
        (100, 64..=127, _) => Reach::Private("a carrier's shared range"),
        (198, 18..=19, _) => Reach::Private("a range for benchmarks"),
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let first = address.segments()[0];
    if address == METADATA_V6 {
        return Reach::Never("a cloud's metadata service");
    }
    match first {
        _ if address.is_loopback() => Reach::Private("this machine"),
        _ if address.is_unspecified() => Reach::Never("no machine in particular"),
        0xfc00..=0xfdff => Reach::Private("a private network"),
        0xfe80..=0xfeff => Reach::Never("the local link or site"),
        0xff00.. => Reach::Never("a multicast group"),
        0x2001 if matches!(address.segments()[1], 0 | 0xdb8) => Reach::Never("a reserved range"),
        0x2000..=0x3fff => Reach::Public,
        _ => Reach::Never("a reserved range"),
    }
}

/// The IPv4 address inside an IPv6 one that leads to it: mapped, compatible, 6to4, and NAT64's well-known prefix.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            from(high, low)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(allow_private: bool, address: &str) -> bool {
        AddressGuard { allow_private }.check(address.parse().expect("an address")).is_ok()
    }

    #[test]
    fn public_addresses_pass() {
        for address in
            ["93.184.215.14", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
        {
            assert!(allows(false, address), "{address}");
        }
    }

    #[test]
    fn our_own_networks_pass_only_when_allowed() {
        for address in [
            "127.0.0.1",
            "127.255.0.9",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "::1",
            "fc00::1",
            "fd12:3456::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:a00:1::",
        ] {
            assert!(!allows(false, address), "{address}");
            assert!(allows(true, address), "{address}");
        }
    }

    #[test]
    fn some_addresses_never_pass() {
        for address in [
            "0.0.0.0",
            "169.254.169.254",
            "169.254.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "100.100.100.200",
            "192.0.2.1",
            "::",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "2001:db8::1",
            "2001::1",
            "4000::1",
        ] {
            assert!(!allows(true, address), "{address}");
            assert!(!allows(false, address), "{address}");
        }
    }
}
