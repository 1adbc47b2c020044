//! The mapping `tls_server_config`.

use std::error::Error;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::context::Context;
use super::go;
use super::go::is_null;
use crate::config::decode::{Checked, Cursor, Fields};
use crate::config::scalars::{self, excerpt};
use crate::httpd::tls::{
    Authorities, ClientAuth, Group, Identity, Name, Settings, Suite, Terms, Version,
};

/// The terms of handshakes; `None` if the mapping asks for no TLS.
pub(super) fn terms(at: &Cursor<'_>, context: &Context<'_>, http2: bool) -> Checked<Option<Terms>> {
    let mut fields = Fields::open(at, "cert_file, key_file or other keys")?;
    let certificate = pem(&mut fields, context, "cert_file", "cert");
    let key = pem(&mut fields, context, "key_file", "key");
    let authorities = pem(&mut fields, context, "client_ca_file", "client_ca");
    let client_auth = client_auth(&mut fields);
    let choices = choices(&mut fields, context);
    fields.finish();
    let (certificate, key, authorities) = (certificate?, key?, authorities?);
    let (client_auth, choices) = (client_auth?, choices?);
    let given = [&certificate, &key, &authorities];
    if given.iter().all(|pem| pem.is_none()) && client_auth.is_none() {
        context.note(
            at,
            "without a certificate there is no TLS: this is plain HTTP",
        );
        return Ok(None);
    }
    let client_auth = client_auth.unwrap_or_default();
    let settings = Settings {
        identity: identity(at, certificate, key)?,
        client_auth,
        client_authorities: client_authorities(at, context, client_auth, authorities)?,
        client_names: client_names(at, client_auth, choices.client_names)?,
        min_version: choices.min_version,
        max_version: choices.max_version,
        suites: choices.suites,
        groups: choices.groups,
        prefer_server_order: choices.prefer_server_order,
        http2,
    };
    http2_suite(at, &settings)?;
    let terms = Terms::new(&settings);
    terms.map(Some).or_else(|error| at.refuse(chain(&error)))
}

/// The error with its causes, which all have something to say.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// PEM text, and the node that names it.
struct Pem<'a> {
    at: Cursor<'a>,
    text: Zeroizing<Vec<u8>>,
}

/// PEM text from a file or from the mapping itself. The toolkit takes the file
/// if both are given.
fn pem<'a>(
    fields: &mut Fields<'a>,
    context: &Context<'_>,
    file_key: &'static str,
    inline_key: &'static str,
) -> Checked<Option<Pem<'a>>> {
    let file = written(fields, file_key);
    let inline = written(fields, inline_key);
    match (file?, inline?) {
        (Some((at, name)), inline) => {
            if let Some((inline, _)) = inline {
                context.note(&inline, format!("not used, because {file_key} is given"));
            }
            let text = context.read(&at, name)?;
            Ok(Some(Pem { at, text }))
        }
        (None, Some((at, text))) => {
            let text = Zeroizing::new(text.as_bytes().to_vec());
            Ok(Some(Pem { at, text }))
        }
        (None, None) => Ok(None),
    }
}

/// The text of a key, unless it is left out or blank.
fn written<'a>(
    fields: &mut Fields<'a>,
    key: &'static str,
) -> Checked<Option<(Cursor<'a>, &'a str)>> {
    let Some(at) = fields.get(key) else {
        return Ok(None);
    };
    Ok(go::blank_or_text(&at)?.map(|text| (at, text)))
}

fn identity(
    at: &Cursor<'_>,
    certificate: Option<Pem<'_>>,
    key: Option<Pem<'_>>,
) -> Checked<Identity> {
    let missing = |what: &str, expected: &str| {
        at.refuse(format!("the {what} is missing: expected {expected}"))
    };
    match (certificate, key) {
        (Some(certificate), Some(key)) => {
            Identity::from_pem(&certificate.text, &key.text).or_else(|error| {
                let blamed = if error.concerns_key() {
                    key
                } else {
                    certificate
                };
                blamed.at.refuse(error.to_string())
            })
        }
        (None, Some(_)) => missing("certificate", "cert_file or cert"),
        (Some(_), None) => missing("key", "key_file or key"),
        (None, None) => missing(
            "certificate with its key",
            "cert_file or cert, and key_file or key",
        ),
    }
}

fn client_auth(fields: &mut Fields<'_>) -> Checked<Option<ClientAuth>> {
    let Some((at, word)) = written(fields, "client_auth_type")? else {
        return Ok(None);
    };
    let found = match word {
        "NoClientCert" => ClientAuth::NoClientCert,
        "RequestClientCert" => ClientAuth::RequestClientCert,
        // An old name that the toolkit still takes.
        "RequireAnyClientCert" | "RequireClientCert" => ClientAuth::RequireAnyClientCert,
        "VerifyClientCertIfGiven" => ClientAuth::VerifyClientCertIfGiven,
        "RequireAndVerifyClientCert" => ClientAuth::RequireAndVerifyClientCert,
        _ => {
            return at.refuse(format!(
                "{:?} is unknown: expected NoClientCert, RequestClientCert, \
                 RequireAnyClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert",
                excerpt(word)
            ));
        }
    };
    Ok(Some(found))
}

fn client_authorities(
    at: &Cursor<'_>,
    context: &Context<'_>,
    auth: ClientAuth,
    pem: Option<Pem<'_>>,
) -> Checked<Option<Authorities>> {
    let verifies = matches!(
        auth,
        ClientAuth::VerifyClientCertIfGiven | ClientAuth::RequireAndVerifyClientCert
    );
    let Some(pem) = pem else {
        if verifies {
            context.note(
                at,
                "without client_ca_file or client_ca no certificate of a client is accepted",
            );
        }
        return Ok(None);
    };
    if auth == ClientAuth::NoClientCert {
        return pem.at.refuse(
            "authorities of clients are given, but no client is asked for a certificate: \
             expected client_auth_type: RequireAndVerifyClientCert",
        );
    }
    if !verifies {
        context.note(
            &pem.at,
            "not used, because client_auth_type verifies nothing",
        );
    }
    Authorities::from_pem(&pem.text)
        .map(Some)
        .or_else(|error| pem.at.refuse(error.to_string()))
}

/// The toolkit accepts names without asking for certificates, and then lets
/// everyone in.
fn client_names(
    at: &Cursor<'_>,
    auth: ClientAuth,
    names: Option<Vec<String>>,
) -> Checked<Option<Arc<[String]>>> {
    if names.is_some() && auth == ClientAuth::NoClientCert {
        return at.refuse(
            "client_allowed_sans are given, but no client is asked for a certificate: \
             expected client_auth_type: RequireAndVerifyClientCert",
        );
    }
    Ok(names.map(Arc::from))
}

/// The keys that have defaults.
struct Choices {
    client_names: Option<Vec<String>>,
    min_version: Version,
    max_version: Version,
    suites: Vec<Suite>,
    groups: Vec<Group>,
    prefer_server_order: bool,
}

fn choices(fields: &mut Fields<'_>, context: &Context<'_>) -> Checked<Choices> {
    let client_names = fields.get("client_allowed_sans").filter(|at| !is_null(at));
    let client_names = client_names.map(|at| {
        at.list(MAX_NAMES, "a list of names", |at| {
            scalars::text(at, "a name").map(str::to_owned)
        })
    });
    let min_version = version(fields, "min_version", Version::Tls12);
    let max_version = version(fields, "max_version", Version::Tls13);
    let suites = names(fields, context, "cipher_suites", |name| {
        Suite::by_name(name).ok_or("a secure cipher suite of Go's crypto/tls")
    });
    let groups = names(fields, context, "curve_preferences", |name| {
        Group::by_name(name).ok_or("X25519, CurveP256 or CurveP384")
    });
    let prefer_server_order = match fields.get("prefer_server_cipher_suites") {
        Some(at) if !is_null(&at) => go::boolean(&at),
        _ => Ok(true),
    };
    Ok(Choices {
        client_names: client_names.transpose()?,
        min_version: min_version?,
        max_version: max_version?,
        suites: suites?,
        groups: groups?,
        prefer_server_order: prefer_server_order?,
    })
}

fn version(fields: &mut Fields<'_>, key: &'static str, default: Version) -> Checked<Version> {
    let Some((at, word)) = written(fields, key)? else {
        return Ok(default);
    };
    match word {
        "TLS12" => Ok(Version::Tls12),
        "TLS13" => Ok(Version::Tls13),
        "TLS10" | "TLS11" => at.refuse(format!(
            "{word} is not supported: RFC 8996 forbids it and rustls does not have it; \
             expected TLS12 or TLS13"
        )),
        _ => at.refuse(format!(
            "{:?} is unknown: expected TLS12 or TLS13",
            excerpt(word)
        )),
    }
}

/// A list of names. Those that rustls lacks are left out, as long as another
/// one remains: a handshake that could use either uses the other.
fn names<T>(
    fields: &mut Fields<'_>,
    context: &Context<'_>,
    key: &'static str,
    by_name: impl Fn(&str) -> Result<Name<T>, &'static str>,
) -> Checked<Vec<T>> {
    let Some(at) = fields.get(key).filter(|at| !is_null(at)) else {
        return Ok(Vec::new());
    };
    let found = at.list(MAX_NAMES, "a list of names", |at| {
        let name = scalars::text(at, "a name")?;
        match by_name(name) {
            Ok(Name::Known(found)) => Ok(Some(found)),
            Ok(Name::Lacking(reason)) => {
                context.note(at, format!("{name} is left out: {reason}"));
                Ok(None)
            }
            Err(expected) => at.refuse(format!(
                "{:?} is unknown: expected {expected}",
                excerpt(name)
            )),
        }
    })?;
    let listed = found.len();
    let found: Vec<T> = found.into_iter().flatten().collect();
    if listed > 0 && found.is_empty() {
        return at.refuse("rustls has none of these: expected at least one that it has");
    }
    Ok(found)
}

/// Go's HTTP/2 server refuses to start without one of the two suites that
/// RFC 7540 demands, and the same file has to get the same answer.
fn http2_suite(at: &Cursor<'_>, settings: &Settings) -> Checked<()> {
    let concerned =
        settings.http2 && !settings.suites.is_empty() && settings.min_version < Version::Tls13;
    if !concerned
        || settings
            .suites
            .iter()
            .any(|suite| suite.is_required_by_http2())
    {
        return Ok(());
    }
    at.refuse(
        "the cipher suites lack the one that HTTP/2 requires: expected \
         TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 \
         among them, or http_server_config.http2: false",
    )
}

/// More than Go has of anything; enough clients to name one by one.
const MAX_NAMES: usize = 1000;
