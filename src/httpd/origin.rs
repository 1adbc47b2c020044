//! Where a connection comes from, so that whoever opens many of them gives way
//! before whoever opens few.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// One party as far as an address tells: the address, or the network of 64 bits
/// that a party has in IPv6 and can fill at will.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Origin(Option<IpAddr>);

impl Origin {
    /// The origin of a peer. All peers whose address is not known, because they
    /// are gone already, are one.
    pub(super) fn of(peer: Option<SocketAddr>) -> Self {
        Self(peer.map(|peer| match peer.ip().to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() >> HOST_BITS << HOST_BITS;
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            address => address,
        }))
    }
}

const HOST_BITS: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_an_address_or_a_network_of_ipv6() {
        fn check(one: &str, other: &str, same: bool) {
            let origins = [one, other].map(|peer| Origin::of(peer.parse().ok()));
            assert_eq!(origins[0] == origins[1], same, "{one} and {other}");
        }
        check("10.0.0.1:1", "10.0.0.1:2", true);
        check("10.0.0.1:1", "10.0.0.2:1", false);
        check("10.0.0.1:1", "[::ffff:10.0.0.1]:1", true);
        check("[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.2]:1", false);
        check("[2001:db8::1]:1", "[2001:db8::f:2]:1", true);
        check("[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false);
        check("nobody", "nobody", true);
        check("nobody", "10.0.0.1:1", false);
    }
}
