//! Replies of the cloud in every form, and bytes that are no replies.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sag_exporter::model::{ClientUser, Session, UserState};
use sag_exporter::sag::decode::{self, DecodeError};
use sag_exporter::sag::{Email, Gateway, Listed, Page, UserChange};

#[test]
fn every_reply_of_the_corpus_is_read_as_the_table_says() {
    let mut listed = BTreeSet::new();
    for line in table().lines().filter(|line| !line.starts_with('#')) {
        let (file, expected) = line.split_once(" => ").expect("a line with an arrow");
        let body = std::fs::read(corpus().join(file)).expect(file);
        let (operation, _) = file.split_once('/').expect("a file in a folder");
        assert_eq!(outcome(operation, &body), expected, "{file}");
        listed.insert(file.to_owned());
    }
    assert_eq!(listed, files_of_the_corpus());
}

#[test]
fn a_body_beyond_the_limit_is_refused_unread() {
    let body = vec![b' '; (4 << 20) + 1];
    let error = decode::client_users(&body).unwrap_err().to_string();
    assert!(error.contains("4194305 bytes is too long"), "{error}");
}

#[test]
fn a_list_beyond_the_limit_is_refused() {
    let body = format!(r#"{{"RequestId":"R","Users":[{}1]}}"#, "1,".repeat(10_000));
    let error = decode::online_clients(body.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("10001 entries"), "{error}");
}

#[test]
fn no_error_quotes_the_reply() {
    let body = br#"{"RequestId":"R","Users":[{"UserMail":"eve@example.com"}"#;
    let error = decode::client_users(body).unwrap_err();
    let chain = format!("{error} {error:?}");
    assert!(!chain.contains("eve"), "{chain}");
    let page = decode::contacts(br#"{"Users":[{"UserName":"e","UserMail":"eve@example.com"}]}"#);
    let page = page.expect("a page");
    assert!(!format!("{page:?}").contains("eve"));
    let email = page.entries.first().and_then(|one| one.email.clone());
    assert_eq!(email.expect("an address").reveal(), "eve@example.com");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..512)) {
        read_as_everything(&body);
    }

    #[test]
    fn arbitrary_json_in_the_right_places_never_panics(
        list in json(), total in json(), field in json(),
    ) {
        for (outer, inner) in [
            ("Users", "User"),
            ("SmartAccessGateways", "SmartAccessGateway"),
            ("UserStatistics", "Statistics"),
            ("SagStatistics", "Statistics"),
            ("Regions", "Region"),
        ] {
            let entry = FIELDS.map(|name| format!(r#""{name}":{field}"#)).join(",");
            for list in [list.clone(), format!(r#"{{"{inner}":{list}}}"#), format!("[{{{entry}}}]")] {
                let body = format!(r#"{{"RequestId":"R","TotalCount":{total},"{outer}":{list}}}"#);
                read_as_everything(body.as_bytes());
            }
        }
    }

    #[test]
    fn a_mutated_reply_never_panics(
        file in proptest::sample::select(files_of_the_corpus().into_iter().collect::<Vec<_>>()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        also_cut in any::<bool>(),
    ) {
        let mut body = std::fs::read(corpus().join(file)).expect("a file of the corpus");
        body.push(b' ');
        for (index, byte) in changes {
            let index = index.index(body.len());
            body[index] = byte;
        }
        if also_cut {
            body.truncate(cut.index(body.len()));
        }
        read_as_everything(&body);
    }

    #[test]
    fn no_entry_is_lost_without_being_counted(
        readable in proptest::collection::vec(any::<bool>(), 0..40),
        wrapping in 0_usize..3,
    ) {
        let entries: Vec<String> = readable
            .iter()
            .enumerate()
            .map(|(n, good)| if *good { format!(r#"{{"UserName":"u{n}"}}"#) } else { r#"{"State":0}"#.to_owned() })
            .collect();
        let entries = entries.join(",");
        let list = match wrapping {
            0 => format!(r#"{{"User":[{entries}]}}"#),
            1 => format!(r#"[{{"User":[{entries}]}}]"#),
            _ => format!("[{entries}]"),
        };
        let body = format!(r#"{{"RequestId":"R","Users":{list}}}"#);
        let page = decode::client_users(body.as_bytes()).expect("a page");
        prop_assert_eq!(page.entries.len(), readable.iter().filter(|good| **good).count());
        prop_assert_eq!(page.entries.len() + page.unreadable, readable.len());
    }
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        (-1e20_f64..1e20).prop_map(|number| number.to_string()),
        "[a-z0-9.: M-]{0,12}".prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec((proptest::sample::select(&FIELDS[..]), inner), 0..4)
                .prop_map(|fields| {
                    let fields: Vec<_> = fields
                        .iter()
                        .map(|(name, value)| format!("\"{name}\":{value}"))
                        .collect();
                    format!("{{{}}}", fields.join(","))
                }),
        ]
    })
}

fn read_as_everything(body: &[u8]) {
    for operation in OPERATIONS {
        assert!(!outcome(operation, body).contains('\n'));
    }
    let contacts = decode::contacts(body).map(|page| page.entries.len());
    let users = decode::client_users(body).map(|page| page.entries.len());
    assert_eq!(contacts.ok(), users.ok());
    assert!(decode::acknowledgement(body).is_ok() || decode::user_change(body).is_err());
}

fn outcome(operation: &str, body: &[u8]) -> String {
    match operation {
        "client_users" => told(decode::client_users(body), |page| {
            show_page(&page, show_user)
        }),
        "online_clients" => told(decode::online_clients(body), |list| show_sessions(&list)),
        "gateways" => told(decode::gateways(body), |page| {
            show_page(&page, show_gateway)
        }),
        "user_change" => told(decode::user_change(body), |change| show_change(&change)),
        "online_counts" => told(decode::online_counts(body), |list| show_counts(&list)),
        "instance_online_counts" => told(decode::instance_online_counts(body), |list| {
            show_counts(&list)
        }),
        "traffic" => told(decode::traffic(body), |list| {
            show_list(&list, |one| {
                let left = one.allowance_remaining_bytes;
                format!("{}={}/{}", one.user, or_dash(one.bytes), or_dash(left))
            })
        }),
        "regions" => told(decode::regions(body), |list| {
            show_list(&list, |one| {
                format!("{}={}", one.region, or_dash(one.endpoint.as_ref()))
            })
        }),
        other => panic!("no operation {other}"),
    }
}

fn told<T>(result: Result<T, DecodeError>, show: impl Fn(T) -> String) -> String {
    match result {
        Ok(value) => show(value),
        Err(error) => format!("error: {error}"),
    }
}

fn show_page<T>(page: &Page<T>, show: impl Fn(&T) -> String) -> String {
    let head = format!(
        "total={} unreadable={}",
        or_dash(page.total),
        page.unreadable
    );
    let entries = page.entries.iter().map(show);
    std::iter::once(head)
        .chain(entries)
        .collect::<Vec<_>>()
        .join(" ")
}

fn show_user(user: &ClientUser) -> String {
    let state = user.state.map(|state| match state {
        UserState::Enabled => "enabled",
        UserState::Disabled => "disabled",
    });
    let fixed = user
        .static_ip
        .map(|fixed| if fixed { "static" } else { "dynamic" });
    [
        dotted(user.name.as_str()),
        or_dash(state),
        or_dash(user.bandwidth.map(|bandwidth| bandwidth.0)),
        or_dash(user.acceleration_bandwidth.map(|bandwidth| bandwidth.0)),
        or_dash(user.client_ip),
        or_dash(fixed),
    ]
    .join("/")
}

fn show_sessions(sessions: &[Session]) -> String {
    if sessions.is_empty() {
        return "nobody".to_owned();
    }
    let shown: Vec<_> = sessions
        .iter()
        .map(|session| {
            format!(
                "{}/{}",
                or_dash(session.started),
                or_dash(session.client_ip)
            )
        })
        .collect();
    shown.join(" ")
}

fn show_gateway(gateway: &Gateway) -> String {
    [
        gateway.sag_id.to_string(),
        dotted(gateway.name.as_deref().unwrap_or("-")),
        if gateway.is_app() { "app" } else { "other" }.to_owned(),
        or_dash(gateway.account_quota),
        or_dash(gateway.bandwidth_limit_bytes_per_second),
        or_dash(gateway.expires),
    ]
    .join("/")
}

fn show_change(change: &UserChange) -> String {
    [
        or_dash(change.user.as_ref()),
        or_dash(change.bandwidth.map(|bandwidth| bandwidth.0)),
        or_dash(change.email.as_ref().map(Email::reveal)),
        or_dash(change.client_ip),
    ]
    .join("/")
}

fn show_counts<K: Display>(list: &Listed<(K, u32)>) -> String {
    show_list(list, |(key, count)| format!("{key}={count}"))
}

fn show_list<T>(list: &Listed<T>, show: impl Fn(&T) -> String) -> String {
    let head = format!("unreadable={}", list.unreadable);
    let entries = list.entries.iter().map(show);
    std::iter::once(head)
        .chain(entries)
        .collect::<Vec<_>>()
        .join(" ")
}

fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| dotted(&value.to_string()))
}

fn dotted(text: &str) -> String {
    text.replace([' ', '\n'], "·")
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wire")
}

fn table() -> String {
    std::fs::read_to_string(corpus().join("outcomes.txt")).expect("the table of outcomes")
}

fn files_of_the_corpus() -> BTreeSet<String> {
    let folders = OPERATIONS
        .iter()
        .map(|operation| (operation, corpus().join(operation)));
    folders
        .filter(|(_, folder)| folder.exists())
        .flat_map(|(operation, folder)| {
            let files = std::fs::read_dir(folder).expect("a folder of the corpus");
            files.map(move |file| {
                let name = file.expect("a file").file_name();
                format!("{operation}/{}", name.to_string_lossy())
            })
        })
        .collect()
}

const OPERATIONS: [&str; 8] = [
    "client_users",
    "online_clients",
    "gateways",
    "user_change",
    "online_counts",
    "instance_online_counts",
    "traffic",
    "regions",
];

const FIELDS: [&str; 22] = [
    "RegionId",
    "TotalBytes",
    "TotalLeaveBytes",
    "User",
    "Users",
    "Statistics",
    "SmartAccessGateway",
    "UserName",
    "UserMail",
    "State",
    "Bandwidth",
    "AccelerateBandwidth",
    "ClientIp",
    "IsStaticIp",
    "OnlineTime",
    "OnlineCount",
    "SmartAGId",
    "Name",
    "UserCount",
    "MaxBandwidth",
    "EndTime",
    "DataPlan",
];
