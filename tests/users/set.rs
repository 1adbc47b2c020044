//! `users set` for one account: what is refused, what is sent, what is said.

use serde_json::json;

use crate::rig::{MAIL, Rig};
use crate::sdk;

#[tokio::test]
async fn the_official_sdk_reads_back_what_was_set() {
    let rig = Rig::quiet(2, 5).await;
    let sag_id = rig.sag_ids().remove(1);
    rig.create(&sag_id, "bob@example.com", 1000);
    let arguments = [
        "set",
        "bob@example.com",
        "--bandwidth=3000",
        "--email=new@hidden.example",
    ];
    let ran = rig.users(&[&arguments[..], &["--yes"]].concat()).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("1000 → 3000 Kbit/s"), "{ran:?}");
    assert!(
        ran.out.contains("1 changed, 0 failed, 0 unknown, 0 left."),
        "{ran:?}"
    );
    let user = sdk::user(&rig, &sag_id, "bob@example.com").await;
    assert_eq!(user["Bandwidth"], json!(3000), "{user}");
    assert_eq!(user["UserMail"], json!("new@hidden.example"), "{user}");
    assert_eq!(rig.writes(), 1);

    let again = rig.users(&[&arguments[..], &["--yes"]].concat()).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.out.contains("Nothing to change."), "{again:?}");
    // There is nothing to agree to.
    let unasked = rig.users(&arguments).await;
    assert_eq!(unasked.code, Some(0), "{unasked:?}");
    assert_eq!(rig.writes(), 1);
}

#[tokio::test]
async fn what_cannot_be_is_refused_before_anything_is_called() {
    let rig = Rig::quiet(1, 0).await;
    rig.create(&rig.sag_id(), "bob", 1000);
    let check = async |arguments: &[&str], code: i32, said: &str| {
        let ran = rig.users(&[&["set"], arguments].concat()).await;
        ran.ended(code, said);
        assert!(!format!("{ran:?}").contains("hidden.example"), "{ran:?}");
    };
    let range = "expected 1 to 20000 Kbit/s";
    for kbps in [
        "0",
        "20001",
        "-1",
        "1.5",
        "",
        "18446744073709551616",
        "5k",
        "٣",
    ] {
        let bandwidth = format!("--bandwidth={kbps}");
        check(&["bob", &bandwidth, "--yes"], 2, range).await;
    }
    assert_eq!((rig.writes(), rig.kbps(&rig.sag_id(), "bob")), (0, 1000));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_called() {
    let rig = Rig::quiet(1, 0).await;
    rig.create(&rig.sag_id(), "bob", 1000);
    let check = async |arguments: &[&str], code: i32, said: &str| {
        let ran = rig.users(&[&["set"], arguments].concat()).await;
        ran.ended(code, said);
        assert!(!format!("{ran:?}").contains("hidden.example"), "{ran:?}");
    };
    check(
        &["bob", "--yes"],
        2,
        "nothing to set: expected --bandwidth=KBPS",
    )
    .await;
    check(&["--bandwidth=5", "--yes"], 2, "<NAME|GLOB>").await;
    check(
        &["*", "--bandwidth=5", "--email=a@hidden.example"],
        2,
        "--email with a glob",
    )
    .await;
    for address in [
        "",
        "nobody.hidden.example",
        "a @hidden.example",
        "@hidden.example",
        "a@b",
    ] {
        let address = format!("--email={address}");
        check(&["bob", &address], 2, "--email is not an e-mail address").await;
    }
    check(
        &["bob", "--from-policy"],
        2,
        "no entry of policy has a bandwidth",
    )
    .await;
    check(
        &["bob", "--bandwidth=5", "--from-policy"],
        2,
        "cannot be used with",
    )
    .await;
    check(&["bob", "--from-file=x.csv"], 2, "cannot be used with").await;
    check(
        &["bob", "carl", "--bandwidth=5"],
        2,
        "unexpected argument 'carl'",
    )
    .await;
    check(
        &["x*", "--bandwidth=5", "--yes"],
        1,
        "no account has such a name",
    )
    .await;
    let nobody = "there is no terminal to ask at: expected --yes";
    check(&["bob", "--bandwidth=5"], 1, nobody).await;
    assert_eq!((rig.writes(), rig.kbps(&rig.sag_id(), "bob")), (0, 1000));
}

#[tokio::test]
async fn a_dry_run_shows_and_does_nothing() {
    let rig = Rig::quiet(1, 0).await;
    let sag_id = rig.sag_id();
    rig.create(&sag_id, "bob", 1000);
    let arguments = [
        "set",
        "bob",
        "--bandwidth=7",
        "--email=x@hidden.example",
        "--dry-run",
    ];
    let table = rig.users(&arguments).await;
    assert_eq!(table.code, Some(0), "{table:?}");
    let expected = format!(
        "~ {sag_id} bob: 1000 → 7 Kbit/s, e-mail address → another one (not shown)\n\
         Plan: 1 to change, 0 unchanged, 0 refused.\n"
    );
    assert_eq!(table.out, expected);
    let rows = rig.rows(&arguments).await;
    let expected = json!([{
        "sag_id": sag_id,
        "user": "bob",
        "bandwidth_kbps_before": 1000,
        "bandwidth_kbps_after": 7,
        "email_changes": true,
        "result": "planned",
        "detail": null,
    }]);
    assert_eq!(json!(rows), expected);
    let csv = rig
        .users(&[&arguments[..], &["--yes", "-o", "csv"]].concat())
        .await;
    assert_eq!(
        csv.out.lines().nth(1).unwrap(),
        format!("{sag_id},bob,1000,7,true,planned,")
    );
    assert_eq!(rig.writes(), 0);
}

#[tokio::test]
async fn an_email_address_alone_keeps_the_bandwidth_and_is_never_printed() {
    let rig = Rig::quiet(1, 0).await;
    let sag_id = rig.sag_id();
    rig.create(&sag_id, "bob", 1234);
    let check = async |address: &str, expected: &str| {
        let email = format!("--email={address}");
        let arguments = ["set", "bob", &email, "--yes", "--log.level=trace"];
        let ran = rig.users(&arguments).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.contains(expected), "{ran:?}");
        for hidden in [MAIL, "hidden.example", "new@"] {
            assert!(!format!("{ran:?}").contains(hidden), "{ran:?}");
        }
    };
    check(MAIL, "Nothing to change.").await;
    check(
        "new@hidden.example",
        "bob: e-mail address → another one (not shown)\n",
    )
    .await;
    let truth = rig.truth(&sag_id, "bob");
    assert_eq!(
        (truth.bandwidth_kbps, truth.mail.as_str()),
        (1234, "new@hidden.example")
    );
    assert_eq!(rig.writes(), 1);
}

#[tokio::test]
async fn no_command_prints_an_address_even_when_everything_is_logged() {
    let rig = Rig::quiet(1, 0).await;
    let sag_id = rig.sag_id();
    rig.create(&sag_id, "bob", 1000);
    rig.cloud.login(&sag_id, "bob", None).unwrap();
    for command in [
        &["list"][..],
        &["show", "bob"],
        &["set", "*", "--bandwidth=5", "--yes"],
        &["set", "nobody", "--bandwidth=5", "--yes"],
        &["kick", "bob", "--yes"],
    ] {
        for format in ["table", "json", "csv"] {
            let ran = rig
                .users(&[command, &["--log.level=trace", "-o", format]].concat())
                .await;
            assert!(!ran.out.is_empty() || ran.code == Some(1), "{ran:?}");
            assert!(!format!("{ran:?}").contains(MAIL), "{ran:?}");
        }
    }
}
