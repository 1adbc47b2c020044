//! Every key of the file, with what people and editors are told of it.
//!
//! The decoder is what counts; a test holds this table against it. The schema
//! and the example are made from the table.

#[cfg(test)]
mod tests;

/// One key of a mapping.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) help: &'static str,
    pub(super) presence: Presence,
}

/// What the value of a key looks like. Texts are values for the example: the
/// default where there is one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text(&'static str),
    /// A file; a relative path starts beside the configuration.
    File(&'static str),
    Duration(&'static str),
    Number {
        example: &'static str,
        above: f64,
        most: f64,
    },
    Whole {
        example: &'static str,
        least: u64,
        most: Option<u64>,
    },
    Truth(&'static str),
    /// The first is the default.
    OneOf(&'static [&'static str]),
    /// A list of texts.
    Texts(&'static str),
    /// A list of texts, or one word.
    TextsOr(&'static str, &'static str),
    Map(&'static [Key]),
    Maps(&'static [Key]),
}

/// Whether a key has to be there, and how the example shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    Optional,
    /// Shown as a comment: it excludes another key, or has no default.
    Alternative,
}

/// The keys of the file.
pub(super) const FILE: &[Key] = &[
    required("accounts", Kind::Maps(ACCOUNT), "the cloud accounts"),
    optional("sweep", Kind::Map(SWEEP), "how they are read"),
    optional("labels", Kind::Map(LABELS), "how users are named"),
    alternative(
        "policy",
        Kind::Maps(ENTRY),
        "what is expected of which user; the first match wins",
    ),
    optional("limits", Kind::Map(LIMITS), "where to stop"),
    alternative(
        "events",
        Kind::Map(EVENTS),
        "who is told what happens; left out: nobody",
    ),
    alternative(
        "state",
        Kind::Map(STATE),
        "what survives a restart; left out: nothing is written",
    ),
];

const ACCOUNT: &[Key] = &[
    required(
        "name",
        Kind::Text("main"),
        "the value of the label account; unique",
    ),
    alternative(
        "credentials",
        Kind::Map(CREDENTIALS),
        "left out: the official default chain",
    ),
    required(
        "regions",
        Kind::TextsOr("[cn-shanghai]", "all"),
        "where the instances are; all for every region",
    ),
    alternative(
        "instances",
        Kind::Texts("[sag-abc123]"),
        "left out: all of the regions; ids are unique in the file",
    ),
    optional(
        "endpoint",
        Kind::Text("https://smartag.{region}.aliyuncs.com"),
        "http only for loopback addresses",
    ),
    optional(
        "rate",
        Kind::Number {
            example: "5",
            above: 0.0,
            most: 10_000.0,
        },
        "calls per second and operation: the ceiling of the adaptive rate",
    ),
    optional(
        "concurrency",
        whole("4", 1, Some(256)),
        "calls under way at once",
    ),
];

const CREDENTIALS: &[Key] = &[
    optional(
        "access_key_id",
        Kind::Text("LTAI5tExample"),
        "an access key",
    ),
    alternative(
        "access_key_id_file",
        Kind::File("/run/secrets/id"),
        "or in a file",
    ),
    alternative(
        "access_key_secret",
        Kind::Text("example"),
        "better in a file:",
    ),
    optional(
        "access_key_secret_file",
        Kind::File("/run/secrets/sag"),
        "read anew when it changes",
    ),
    alternative(
        "security_token",
        Kind::Text("example"),
        "only for a temporary key",
    ),
    alternative(
        "security_token_file",
        Kind::File("/run/secrets/token"),
        "or in a file",
    ),
    alternative(
        "profile",
        Kind::Text("work"),
        "or a profile of ~/.aliyun/config.json or ~/.alibabacloud/credentials.ini",
    ),
    alternative(
        "ecs_ram_role",
        Kind::Text("sag-reader"),
        "or the RAM role of this ECS server; \"*\" is the one that it has",
    ),
    alternative(
        "oidc",
        Kind::Map(OIDC),
        "or a role by OIDC token; what is left out comes from the environment",
    ),
    alternative(
        "uri",
        Kind::Text("http://127.0.0.1:8080/"),
        "or a credentials URI",
    ),
    alternative(
        "assume_role",
        Kind::Map(ROLE),
        "a role on top of any of these, or of the chain",
    ),
];

const OIDC: &[Key] = &[
    optional(
        "role_arn",
        Kind::Text("acs:ram::123:role/sag-reader"),
        "ALIBABA_CLOUD_ROLE_ARN",
    ),
    optional(
        "provider_arn",
        Kind::Text("acs:ram::123:oidc-provider/ack"),
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
    ),
    optional(
        "token_file",
        Kind::File("/var/run/secrets/ack/token"),
        "ALIBABA_CLOUD_OIDC_TOKEN_FILE; read anew at each refresh",
    ),
    optional("session_name", Kind::Text("sag-exporter"), SESSION_NAME),
    alternative("policy", Kind::Text("'{\"Version\": \"1\"}'"), POLICY),
    optional("duration", Kind::Duration("1h"), DURATION),
    alternative("sts_region", Kind::Text("cn-shanghai"), STS_REGION),
    alternative("sts_vpc", Kind::Truth("false"), STS_VPC),
];

const ROLE: &[Key] = &[
    required(
        "arn",
        Kind::Text("acs:ram::123:role/sag-reader"),
        "the role",
    ),
    optional("session_name", Kind::Text("sag-exporter"), SESSION_NAME),
    alternative(
        "external_id",
        Kind::Text("example"),
        "what its trust policy asks for",
    ),
    alternative("policy", Kind::Text("'{\"Version\": \"1\"}'"), POLICY),
    optional("duration", Kind::Duration("1h"), DURATION),
    alternative("sts_region", Kind::Text("cn-shanghai"), STS_REGION),
    alternative("sts_vpc", Kind::Truth("false"), STS_VPC),
];

const SWEEP: &[Key] = &[
    optional(
        "interval",
        Kind::Duration("60s"),
        "how often sessions are read, 1s to 1day",
    ),
    optional(
        "accounts_interval",
        Kind::Duration("5m"),
        "how often account lists are read; not shorter than interval",
    ),
    optional(
        "retain",
        whole("3", 0, Some(1000)),
        "sweeps that a last good value outlives, then its series go",
    ),
    optional(
        "page_size",
        whole("50", 1, Some(100)),
        "users asked for in one page",
    ),
    optional(
        "sessions",
        Kind::OneOf(&["auto", "each"]),
        "auto: counts in bulk, queries where they changed; each: one query per user",
    ),
    optional(
        "traffic_interval",
        Kind::Duration("15m"),
        "how often traffic is read; 0s turns it off",
    ),
];

const LABELS: &[Key] = &[
    optional(
        "user",
        Kind::OneOf(&["plain", "pseudonym", "none"]),
        "or pseudonym, or none: no series of single users, aggregates only",
    ),
    alternative(
        "pseudonym_key_file",
        Kind::File("/run/secrets/label-key"),
        "wanted by pseudonym and whois; `openssl rand -hex 32` makes a key",
    ),
    optional(
        "user_info",
        Kind::Truth("false"),
        "whether sag_user_info tells the addresses from which users are online",
    ),
];

const LIMITS: &[Key] = &[optional(
    "user_series",
    whole("200000", 0, None),
    "above it series of single users give way to aggregates",
)];

const STATE: &[Key] = &[
    required(
        "file",
        Kind::File("/var/lib/sag-exporter/state"),
        "no names and no addresses are in it; of one process alone",
    ),
    optional(
        "interval",
        Kind::Duration("1m"),
        "how often it is written, 1s to 1day; and at the end",
    ),
];

const ENTRY: &[Key] = &[
    required(
        "match",
        Kind::Text("\"*\""),
        "a pattern on the name of the user",
    ),
    optional("sag_id", Kind::Text("sag-abc123"), "only in this instance"),
    optional("sessions", whole("1", 1, Some(1_000)), "at once"),
    optional("session_length", Kind::Duration("24h"), "of one session"),
    optional(
        "bandwidth",
        whole("2000", 1, Some(20_000)),
        "what is allotted to the user, in Kbit/s",
    ),
    optional(
        "dormant",
        Kind::Duration("30d"),
        "how long a user may stay away",
    ),
];

const EVENTS: &[Key] = &[
    optional(
        "file",
        Kind::File("events.jsonl"),
        "one JSON object a line; - is standard output",
    ),
    optional(
        "kinds",
        Kind::Texts("[session_started, session_ended]"),
        "left out: all; docs/events.md has them",
    ),
    optional(
        "client_ip",
        Kind::Truth("false"),
        "whether the addresses of clients are told",
    ),
    optional("webhooks", Kind::Maps(WEBHOOK), "signed POST requests"),
];

const WEBHOOK: &[Key] = &[
    required(
        "name",
        Kind::Text("siem"),
        "the value of the label sink; unique",
    ),
    required(
        "url",
        Kind::Text("https://hooks.example.com/sag"),
        "http only for loopback addresses",
    ),
    required(
        "secret_file",
        Kind::File("/run/secrets/hook"),
        "`echo whsec_$(openssl rand -base64 32)` makes a key",
    ),
    optional(
        "kinds",
        Kind::Texts("[anomaly_raised, anomaly_cleared]"),
        "of those above; left out: all of them",
    ),
    optional("timeout", Kind::Duration("10s"), "of one attempt, 1s to 1m"),
];

const fn key(name: &'static str, kind: Kind, help: &'static str, presence: Presence) -> Key {
    Key {
        name,
        kind,
        help,
        presence,
    }
}

const fn required(name: &'static str, kind: Kind, help: &'static str) -> Key {
    key(name, kind, help, Presence::Required)
}

const fn optional(name: &'static str, kind: Kind, help: &'static str) -> Key {
    key(name, kind, help, Presence::Optional)
}

const fn alternative(name: &'static str, kind: Kind, help: &'static str) -> Key {
    key(name, kind, help, Presence::Alternative)
}

const fn whole(example: &'static str, least: u64, most: Option<u64>) -> Kind {
    Kind::Whole {
        example,
        least,
        most,
    }
}

const SESSION_NAME: &str = "for the audit log";
const POLICY: &str = "narrows the permissions further";
const DURATION: &str = "how long a credential is to last, 15m to 12h";
const STS_REGION: &str = "the site of the token service; left out: the central one";
const STS_VPC: &str = "whether it is reached inside the VPC of that region";
