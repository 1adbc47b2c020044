//! What a client's certificate says, beyond what webpki tells.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use x509_cert::der::Decode;
use x509_cert::der::oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_CLIENT_AUTH};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};

/// A certificate that was shown by a client.
pub(super) struct Certificate(x509_cert::Certificate);

impl Certificate {
    /// Reads it; `None` if it is malformed.
    pub(super) fn parse(der: &[u8]) -> Option<Self> {
        x509_cert::Certificate::from_der(der).ok().map(Self)
    }

    /// Whether it is valid at this time since 1970.
    pub(super) fn is_valid_at(&self, now: Duration) -> bool {
        let validity = self.0.tbs_certificate().validity();
        (validity.not_before.to_unix_duration()..=validity.not_after.to_unix_duration())
            .contains(&now)
    }

    /// Whether its holder may use it to show who they are. One that does not
    /// speak of its use is for any.
    pub(super) fn is_for_clients(&self) -> bool {
        match self.0.tbs_certificate().get_extension() {
            Ok(None) => true,
            Ok(Some((_, ExtendedKeyUsage(uses)))) => uses
                .iter()
                .any(|usage| [ID_KP_CLIENT_AUTH, ANY_EXTENDED_KEY_USAGE].contains(usage)),
            Err(_) => false,
        }
    }

    /// Whether one of its alternative names is one of these.
    pub(super) fn has_one_of(&self, allowed: &[String]) -> bool {
        let Ok(Some((_, SubjectAltName(names)))) = self.0.tbs_certificate().get_extension() else {
            return false;
        };
        names
            .iter()
            .filter_map(text)
            .any(|name| allowed.contains(&name))
    }
}

/// A name as an operator writes it; `None` for kinds that nobody writes.
fn text(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name)
        | GeneralName::Rfc822Name(name)
        | GeneralName::UniformResourceIdentifier(name) => Some(name.as_str().to_owned()),
        GeneralName::IpAddress(octets) => address(octets.as_bytes()),
        _ => None,
    }
}

fn address(octets: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(octets).map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    let v6 = <[u8; 16]>::try_from(octets).map(|octets| IpAddr::V6(Ipv6Addr::from(octets)));
    let address = v4.or(v6).ok()?;
    Some(address.to_canonical().to_string())
}
