//! Which addresses are not of the public Internet, and what they are.
//!
//! After IANA's registries of special-purpose addresses:
//! <https://www.iana.org/assignments/iana-ipv4-special-registry> and
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What must stand on the list for an address of this kind to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    /// The name that leads to it, or the address.
    ByName,
    /// The address: a name that leads to it was seldom meant to.
    ByAddress,
    /// Nothing opens it: it is no one machine.
    Never,
}

/// A range that is not public.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    net: IpNet,
    /// With its article, to be read after `it is`.
    pub(super) what: &'static str,
    pub(super) opened: Opened,
}

/// The range that `address` lies in, `None` for a public one. The first that holds it counts.
pub(super) fn of(address: IpAddr) -> Option<&'static Range> {
    RANGES.iter().find(|range| range.net.contains(&address))
}

const fn v4(octets: [u8; 4], prefix: u8, what: &'static str, opened: Opened) -> Range {
    let [a, b, c, d] = octets;
    let net = IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix));
    Range { net, what, opened }
}

/// The first three groups are enough to tell these ranges apart.
const fn v6(groups: [u16; 3], prefix: u8, what: &'static str, opened: Opened) -> Range {
    let [a, b, c] = groups;
    let start = Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0);
    let net = IpNet::V6(Ipv6Net::new_assert(start, prefix));
    Range { net, what, opened }
}

const fn low(last: [u16; 3], prefix: u8, what: &'static str, opened: Opened) -> Range {
    let [a, b, c] = last;
    let start = Ipv6Addr::new(0, 0, 0, 0, 0, a, b, c);
    let net = IpNet::V6(Ipv6Net::new_assert(start, prefix));
    Range { net, what, opened }
}

const PRIVATE: &str = "a private address";
const RESERVED: &str = "a reserved address";
const DOCUMENTATION: &str = "an address for documentation";
const EMBEDDED: &str = "an IPv4 address within an IPv6 one";

const RANGES: &[Range] = {
    use Opened::{ByAddress, ByName, Never};
    &[
        v4([0, 0, 0, 0], 8, "an unspecified address", Never),
        v4([10, 0, 0, 0], 8, PRIVATE, ByName),
        v4(
            [100, 64, 0, 0],
            10,
            "an address shared by a carrier",
            ByName,
        ),
        v4([127, 0, 0, 0], 8, "a loopback address", ByName),
        v4([169, 254, 0, 0], 16, "a link-local address", ByAddress),
        v4([172, 16, 0, 0], 12, PRIVATE, ByName),
        v4([192, 0, 0, 0], 24, RESERVED, ByAddress),
        v4([192, 0, 2, 0], 24, DOCUMENTATION, ByAddress),
        v4([192, 88, 99, 0], 24, RESERVED, ByAddress),
        v4([192, 168, 0, 0], 16, PRIVATE, ByName),
        v4([198, 18, 0, 0], 15, "an address for benchmarks", ByAddress),
        v4([198, 51, 100, 0], 24, DOCUMENTATION, ByAddress),
        v4([203, 0, 113, 0], 24, DOCUMENTATION, ByAddress),
        v4([224, 0, 0, 0], 4, "a multicast address", Never),
        v4([255, 255, 255, 255], 32, "the broadcast address", Never),
        v4([240, 0, 0, 0], 4, RESERVED, ByAddress),
        low([0, 0, 0], 128, "the unspecified address", Never),
        low([0, 0, 1], 128, "the loopback address", ByName),
        low([0xffff, 0, 0], 96, EMBEDDED, ByAddress),
        low([0, 0, 0], 96, EMBEDDED, ByAddress),
        v6([0xfc00, 0, 0], 7, "a unique local address", ByName),
        v6([0xfe80, 0, 0], 10, "a link-local address", ByAddress),
        v6([0xff00, 0, 0], 8, "a multicast address", Never),
        v6([0x2001, 0x0db8, 0], 32, DOCUMENTATION, ByAddress),
        v6([0x3fff, 0, 0], 20, DOCUMENTATION, ByAddress),
        // Teredo and ORCHID are in it.
        v6([0x2001, 0, 0], 23, RESERVED, ByAddress),
        v6([0x2002, 0, 0], 16, EMBEDDED, ByAddress),
        v6([0x0064, 0xff9b, 0], 96, EMBEDDED, ByAddress),
        v6([0x0064, 0xff9b, 1], 48, EMBEDDED, ByAddress),
        // Only 2000::/3 is given out.
        v6([0, 0, 0], 3, RESERVED, ByAddress),
        v6([0x4000, 0, 0], 2, RESERVED, ByAddress),
        v6([0x8000, 0, 0], 1, RESERVED, ByAddress),
    ]
};
