//! `users set --from-file`.

use crate::rig::Rig;
use crate::sdk;

#[tokio::test]
async fn a_file_that_was_listed_and_edited_is_carried_out() {
    let rig = Rig::quiet(2, 60).await;
    let listed = rig.users(&["list", "-o", "csv"]).await;
    let file = rig.file("users.csv", &listed.out);
    let same = rig.users(&["set", "--from-file", &file]).await;
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(
        same.out
            .contains("Plan: 0 to change, 120 unchanged, 0 refused."),
        "{same:?}"
    );
    assert_eq!(rig.writes(), 0);

    let id = rig.sag_id();
    rig.create(&id, "bob", 1);
    let file = rig.file(
        "some.csv",
        &format!("user,bandwidth_kbps,sag_id\r\nbob,4321,{id}\r\n"),
    );
    let ran = rig.users(&["set", "--from-file", &file, "--yes"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(sdk::user(&rig, &id, "bob").await["Bandwidth"], 4321);
    assert_eq!(rig.writes(), 1);
}

#[tokio::test]
async fn every_mistake_is_said_with_its_line_and_nothing_is_called() {
    let rig = Rig::quiet(1, 0).await;
    let text = "user,bandwidth_kbps\nbob,0\n,5\ncarl,5,6\nbob,20001\n";
    let file = rig.file("users.csv", text);
    let ran = rig.users(&["set", "--from-file", &file, "--yes"]).await;
    for (line, said) in [
        (2, "bandwidth 0 is out of range"),
        (3, "\"\" is not a valid user name"),
        (4, "3 columns: expected 2"),
        (5, "bandwidth 20001 is out of range"),
    ] {
        ran.ended(2, &format!("{file}:{line}: {said}"));
    }
    let ran = rig.users(&["set", "--from-file=no-such.csv"]).await;
    ran.ended(2, "no-such.csv: cannot be read: No such file");
    let calls = sag_exporter::model::Action::ALL.map(|action| rig.calls(action));
    assert_eq!(calls.iter().sum::<u64>(), 0);
}

#[tokio::test]
async fn what_a_file_cannot_have_is_refused_and_the_rest_is_done() {
    let rig = Rig::quiet(2, 0).await;
    let ids = rig.sag_ids();
    rig.create(&ids[0], "bob", 1);
    rig.create(&ids[1], "bob", 1);
    rig.create(&ids[1], "carl", 1);
    let file = rig.file(
        "users.csv",
        "user,bandwidth_kbps,sag_id\nbob,5,\ncarl,5,\nghost,5,\ncarl,6,sag-other\n",
    );
    let dry = rig.users(&["set", "--from-file", &file, "--dry-run"]).await;
    dry.ended(1, "3 refused");
    let ran = rig.users(&["set", "--from-file", &file, "--yes"]).await;
    ran.ended(1, "not everything is as wanted: 3 refused");
    for said in [
        "! line 2: bob: the user exists in several instances",
        "! line 4: ghost: the user does not exist",
        "! line 5: sag-other carl: instance sag-other is not one of those that were read",
        "Plan: 1 to change, 0 unchanged, 3 refused.",
    ] {
        assert!(ran.out.contains(said), "{said:?} is not in {ran:?}");
    }
    let kbps = (rig.kbps(&ids[0], "bob"), rig.kbps(&ids[1], "carl"));
    assert_eq!((kbps, rig.writes()), ((1, 5), 1));
}
