//! Lists that change while they are read: in the end the right set, or a list
//! that says it is not whole.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use sag_exporter::fleet::{Accounts, Collected};
use sag_exporter::model::FailureKind;

use crate::fake::{Call, Change, Fake, Paging, Total};
use crate::rig::{Rig, account};

/// What a list is expected to end as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The right set, after this many pages.
    Complete(usize),
    /// Not known to be whole.
    Partial(FailureKind),
}
use End::{Complete, Partial};
use FailureKind::{Decode, Remote};

#[tokio::test(start_paused = true)]
async fn paging_ends_where_the_list_ends() {
    let honest = Paging::default();
    let clamped = Paging {
        clamp: Some(4),
        ..honest
    };
    let told = Paging {
        echoes: true,
        ..clamped
    };
    let total = |total| Paging { total, ..honest };
    for (users, paging, expected) in [
        // The first list of several pages is read twice.
        (0, honest, Complete(1)),
        (1, honest, Complete(1)),
        (9, honest, Complete(1)),
        (10, honest, Complete(2)),
        (11, honest, Complete(4)),
        (30, honest, Complete(8)),
        (9, clamped, Complete(6)),
        (9, told, Complete(6)),
        (8, told, Complete(6)),
        (5, total(Total::Absent), Partial(Decode)),
        (25, total(Total::Absent), Partial(Decode)),
        (0, total(Total::Absent), Partial(Decode)),
        (25, total(Total::OfThePage), Partial(Remote)),
        (25, total(Total::Plus(1)), Partial(Remote)),
        (
            25,
            Paging {
                stuck: true,
                ..honest
            },
            Partial(Remote),
        ),
        (
            25,
            Paging {
                unreadable: 1,
                ..honest
            },
            Partial(Decode),
        ),
        (
            2,
            Paging {
                unreadable: 2,
                ..honest
            },
            Partial(Decode),
        ),
    ] {
        let fake = Fake::with_users("sag-a", users);
        fake.world().paging = paging;
        let (accounts, pages) = listed(&fake).await;
        let found = match accounts {
            Collected::Complete(list) => {
                assert_eq!(names(&list), all(&fake), "{users} {paging:?}");
                assert_eq!(list.expected, users as u64);
                Complete(pages)
            }
            Collected::Partial(_, kind) | Collected::Failed(kind) => Partial(kind),
            Collected::NotDue | Collected::Unavailable => panic!("the first list is due"),
        };
        assert_eq!(found, expected, "{users} {paging:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_changes_while_it_is_read_is_read_again() {
    for (what, change) in hazards() {
        let fake = Fake::with_users("sag-a", 35);
        fake.world().watch("sag-a");
        fake.world().change = Some(change);
        let (accounts, pages) = listed(&fake).await;
        let Collected::Complete(list) = accounts else {
            panic!("{what}: {accounts:?}");
        };
        assert_eq!(names(&list), all(&fake), "{what}");
        assert_eq!(list.expected, list.users.len() as u64, "{what}");
        assert!(pages > 4, "{what}: {pages} pages");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_keeps_changing_is_not_called_whole() {
    let fake = Fake::with_users("sag-a", 35);
    fake.world().change = Some(Box::new(|page, users| {
        users.insert(0, format!("new-{page}"));
    }));
    let (accounts, pages) = listed(&fake).await;
    assert!(
        matches!(accounts, Collected::Partial(_, Remote)),
        "{accounts:?}"
    );
    assert!(pages <= 20, "{pages} pages");
}

#[tokio::test(start_paused = true)]
async fn a_second_reading_is_not_believed_because_it_is_the_second() {
    let fake = Fake::with_users("sag-a", 35);
    fake.world().change = Some(Box::new(|page, users| match page {
        // The first reading sees that the list grows.
        3 => users.insert(0, "new".into()),
        // The second misses a user, while its numbers add up.
        7 => {
            users.remove(2);
            users.push("newer".into());
        }
        _ => {}
    }));
    let (accounts, _) = listed(&fake).await;
    assert!(
        matches!(accounts, Collected::Partial(_, Remote)),
        "{accounts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn pages_without_end_are_given_up() {
    let fake = Fake::with_users("sag-a", 30);
    // Ever new names behind the last page, and a TotalCount that runs away.
    fake.world().change = Some(Box::new(|page, users| {
        users.extend((0..10).map(|n| format!("new-{page}-{n}")));
    }));
    fake.world().paging.total = Total::Plus(1);
    let (accounts, pages) = listed(&fake).await;
    assert!(
        matches!(accounts, Collected::Partial(_, Remote)),
        "{accounts:?}"
    );
    assert!(pages <= 2_000, "{pages} pages");
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_list_is_read_once_after_the_first_time() {
    let fake = Fake::with_users("sag-a", 35);
    let mut rig = Rig::new(&fake, account());
    rig.sweep().await;
    assert_eq!(pages(&fake), 8);
    tokio::time::advance(Duration::from_secs(300)).await;
    rig.sweep().await;
    assert_eq!(pages(&fake), 12);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_suddenly_empty_is_read_twice() {
    let fake = Fake::with_users("sag-a", 5);
    let mut rig = Rig::new(&fake, account());
    rig.sweep().await;
    let kept = std::mem::take(fake.world().users.get_mut("sag-a").expect("an instance"));
    fake.world().change = Some(Box::new(move |page, users| {
        if page == 3 {
            users.clone_from(&kept);
        }
    }));
    tokio::time::advance(Duration::from_secs(300)).await;
    let seen = rig.sweep_one("sag-a").await;
    let Collected::Complete(list) = seen.accounts else {
        panic!("{:?}", seen.accounts);
    };
    assert_eq!(list.users.len(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_complete_list_is_the_right_one(
        users in 0_usize..60,
        clamp in proptest::option::of(1_u32..12),
        echoes: bool,
        changes in proptest::collection::vec(change(), 0..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let fake = Fake::with_users("sag-a", users);
            fake.world().paging = Paging { clamp, echoes, ..Paging::default() };
            fake.world().change = Some(scripted(changes));
            let mut rig = Rig::new(&fake, account());
            // The second list has the first to compare with.
            for _ in 0..2 {
                fake.world().watch("sag-a");
                let seen = rig.sweep_one("sag-a").await;
                tokio::time::advance(Duration::from_secs(300)).await;
                if let Collected::Complete(list) = &seen.accounts {
                    let (names, world) = (names(list), fake.world());
                    prop_assert_eq!(names.len(), list.users.len());
                    prop_assert!(names.is_superset(&world.throughout), "{names:?}");
                    prop_assert!(names.is_subset(&world.ever), "{names:?}");
                }
            }
            Ok(())
        })?;
    }
}

/// Before which page, what, and at which places.
type Scripted = (u32, Op, prop::sample::Index, prop::sample::Index);

#[derive(Debug, Clone, Copy)]
enum Op {
    Add,
    Remove,
    /// Both at once, so that the length of the list shows nothing.
    Replace,
}

fn change() -> impl Strategy<Value = Scripted> {
    let op = prop_oneof![Just(Op::Add), Just(Op::Remove), Just(Op::Replace)];
    (
        1_u32..24,
        op,
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
    )
}

fn scripted(changes: Vec<Scripted>) -> Change {
    Box::new(move |page, users| {
        let due = changes
            .iter()
            .enumerate()
            .filter(|(_, (before, ..))| *before == page);
        for (number, (_, op, from, to)) in due {
            if matches!(op, Op::Remove | Op::Replace) && !users.is_empty() {
                users.remove(from.index(users.len()));
            }
            if matches!(op, Op::Add | Op::Replace) {
                users.insert(to.index(users.len() + 1), format!("new-{page}-{number}"));
            }
        }
    })
}

fn hazards() -> Vec<(&'static str, Change)> {
    fn before(page: u32, mut change: impl FnMut(&mut Vec<String>) + Send + 'static) -> Change {
        Box::new(move |at, users| {
            if at == page {
                change(users);
            }
        })
    }
    vec![
        (
            "one removed behind",
            before(3, |users| drop(users.remove(2))),
        ),
        (
            "one removed ahead",
            before(3, |users| drop(users.remove(30))),
        ),
        (
            "one added behind",
            before(3, |users| users.insert(0, "new".into())),
        ),
        (
            "one added at the end",
            before(3, |users| users.push("new".into())),
        ),
        (
            "one removed behind and one added at the end",
            before(3, |users| {
                users.remove(2);
                users.push("new".into());
            }),
        ),
        (
            "one added behind and one removed at the end",
            before(3, |users| {
                users.insert(0, "new".into());
                users.pop();
            }),
        ),
        (
            "half removed behind",
            before(3, |users| drop(users.drain(..18))),
        ),
        ("order reversed", before(3, |users| users.reverse())),
    ]
}

async fn listed(fake: &Fake) -> (Collected<Accounts>, usize) {
    let seen = Rig::new(fake, account()).sweep_one("sag-a").await;
    (seen.accounts, pages(fake))
}

fn pages(fake: &Fake) -> usize {
    fake.count(|call| matches!(call, Call::Users { .. }))
}

fn names(list: &Accounts) -> BTreeSet<String> {
    list.users
        .iter()
        .map(|user| user.name.to_string())
        .collect()
}

fn all(fake: &Fake) -> BTreeSet<String> {
    fake.world().users["sag-a"].iter().cloned().collect()
}
