//! Where the exporter listens, and under which path it shows its metrics.

use std::fmt;
use std::path::PathBuf;

use crate::web::TelemetryPath;

/// What the flags `--web.*` say. The default listens nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Web {
    /// Where to listen: at least one address, none twice. Empty if the sockets
    /// come from systemd.
    pub listen: Vec<ListenAddress>,
    /// The path of the metrics.
    pub telemetry_path: TelemetryPath,
    /// The web configuration: TLS, users, headers, rate.
    pub config_file: Option<PathBuf>,
    /// Whether a reload can be asked for over HTTP.
    pub enable_lifecycle: bool,
}

/// `HOST:PORT`, or `:PORT` for all interfaces, IPv6 and IPv4.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListenAddress {
    /// `None` for all interfaces; an IPv6 address without its brackets.
    host: Option<String>,
    port: u16,
}

/// The text is no address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not an address to listen on: expected :PORT, HOST:PORT or [IPv6]:PORT")]
pub struct ListenAddressError {
    found: String,
}

impl ListenAddress {
    /// Checks the text. A name is resolved only when it is bound.
    ///
    /// # Errors
    ///
    /// Names the text and what was expected of it.
    pub fn parse(text: &str) -> Result<Self, ListenAddressError> {
        let refuse = || ListenAddressError {
            found: text.chars().take(MAX_HOST_BYTES).collect(),
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(refuse)?;
        let port = port.parse().map_err(|_| refuse())?;
        let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let host = match (host, bracketed) {
            ("", _) => None,
            (_, Some(v6)) if v6.parse::<std::net::Ipv6Addr>().is_ok() => Some(v6),
            (name, None) if is_host(name) => Some(name),
            _ => return Err(refuse()),
        };
        Ok(Self {
            host: host.map(str::to_owned),
            port,
        })
    }

    /// What to bind: the first that works. All interfaces are `[::]`, which
    /// takes IPv4 too, or `0.0.0.0` on a machine without IPv6.
    pub fn candidates(&self) -> Vec<(String, u16)> {
        match &self.host {
            Some(host) => vec![(host.clone(), self.port)],
            None => vec![
                ("::".to_owned(), self.port),
                ("0.0.0.0".to_owned(), self.port),
            ],
        }
    }

    /// Where this machine reaches whoever listens there: all interfaces are
    /// reached by loopback.
    pub fn reached_at(&self) -> (&str, u16) {
        let host = match self.host.as_deref() {
            None | Some("0.0.0.0") => "127.0.0.1",
            Some("::") => "::1",
            Some(host) => host,
        };
        (host, self.port)
    }

    /// The port; 0 lets the system choose.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// As it was given.
impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            None => write!(f, ":{}", self.port),
            Some(host) if host.contains(':') => write!(f, "[{host}]:{}", self.port),
            Some(host) => write!(f, "{host}:{}", self.port),
        }
    }
}

fn is_host(name: &str) -> bool {
    name.len() <= MAX_HOST_BYTES
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// The limit of the domain name system.
const MAX_HOST_BYTES: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (text, candidates) in [
            (":10724", Some(vec!["::", "0.0.0.0"])),
            ("127.0.0.1:10724", Some(vec!["127.0.0.1"])),
            ("[::1]:0", Some(vec!["::1"])),
            ("localhost:65535", Some(vec!["localhost"])),
            ("10724", None),
            ("localhost", None),
            (":65536", None),
            ("::1:80", None),
            ("[127.0.0.1]:80", None),
            ("a b:80", None),
            ("http://x:80", None),
        ] {
            let found = ListenAddress::parse(text).ok();
            let hosts = found.as_ref().map(|address| {
                let hosts = address.candidates();
                hosts.into_iter().map(|(host, _)| host).collect::<Vec<_>>()
            });
            let expected = candidates.map(|hosts| hosts.into_iter().map(str::to_owned).collect());
            assert_eq!(hosts, expected, "{text}");
            assert!(
                found.is_none_or(|address| address.to_string() == text),
                "{text}"
            );
        }
    }

    #[test]
    fn all_interfaces_are_reached_by_loopback() {
        for (text, expected) in [
            (":10724", "127.0.0.1"),
            ("0.0.0.0:10724", "127.0.0.1"),
            ("[::]:10724", "::1"),
            ("192.0.2.7:10724", "192.0.2.7"),
            ("localhost:10724", "localhost"),
        ] {
            let address = ListenAddress::parse(text).unwrap();
            assert_eq!(address.reached_at(), (expected, 10724), "{text}");
        }
    }
}
