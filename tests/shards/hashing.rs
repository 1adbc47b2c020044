//! Which instance belongs to which process.

use proptest::prelude::*;
use sag_exporter::model::SagId;
use sag_exporter::sweep::Shard;

/// Computed with another program: the index with the highest first eight bytes
/// of SHA-256 of `index/id`. If this fails, every instance of every
/// installation moves to another process at the update.
#[test]
fn an_instance_belongs_to_the_same_process_for_ever() {
    for (id, of_2, of_3, of_5, of_16) in [
        ("sag-abc123", 1, 1, 1, 11),
        ("sag-0001", 1, 1, 4, 12),
        ("sag-0002", 0, 0, 0, 5),
        ("sag-0003", 0, 2, 2, 7),
        ("sag-0004", 1, 1, 1, 6),
        ("sag-a", 1, 2, 2, 15),
        ("sag-b", 1, 2, 2, 2),
        ("x", 1, 1, 3, 3),
    ] {
        let id = SagId::parse(id).unwrap();
        for (count, expected) in [(1, 0), (2, of_2), (3, of_3), (5, of_5), (16, of_16)] {
            assert_eq!(owners(&id, count), [expected], "{id} of {count}");
        }
    }
}

#[test]
fn the_share_of_each_process_is_about_the_same() {
    let ids: Vec<SagId> = (0..500).map(|number| id(&format!("{number:04}"))).collect();
    for count in [2, 3, 10] {
        for index in 0..count {
            let shard = shard(index, count);
            let owned = u32::try_from(ids.iter().filter(|id| shard.owns(id)).count()).unwrap();
            let even = 500 / count;
            assert!(
                owned.abs_diff(even) <= even / 4 + 10,
                "{shard}: {owned} of {even}"
            );
        }
    }
}

#[test]
fn a_process_more_takes_its_share_and_nobody_else_gains() {
    let ids: Vec<SagId> = (0..2_000)
        .map(|number| id(&format!("{number:x}")))
        .collect();
    for count in 1..9 {
        let moved = ids.iter().filter(|id| shard(count, count + 1).owns(id));
        let moved = u32::try_from(moved.count()).unwrap();
        let share = 2_000 / (count + 1);
        assert!(
            moved.abs_diff(share) <= share / 4,
            "{count}: {moved} of {share}"
        );
    }
}

proptest! {
    #[test]
    fn every_instance_belongs_to_exactly_one_process(text in "[A-Za-z0-9._-]{1,40}", count in 1..40_u32) {
        prop_assert_eq!(owners(&SagId::parse(&text).unwrap(), count).len(), 1);
    }

    #[test]
    fn an_instance_moves_to_a_new_process_or_not_at_all(
        text in "[A-Za-z0-9._-]{1,40}", count in 1..40_u32,
    ) {
        let id = SagId::parse(&text).unwrap();
        let before = owners(&id, count);
        let after = owners(&id, count + 1);
        prop_assert!(after == before || after == [count], "{before:?} to {after:?}");
    }

    #[test]
    fn what_is_printed_is_read_again(index in 0..1_000_u32, more in 1..1_000_u32) {
        let count = (index + more).min(1_000);
        let shard = shard(index, count);
        prop_assert_eq!(Shard::parse(&shard.to_string()), Ok(shard));
    }
}

fn owners(id: &SagId, count: u32) -> Vec<u32> {
    (0..count)
        .filter(|index| shard(*index, count).owns(id))
        .collect()
}

fn shard(index: u32, count: u32) -> Shard {
    Shard::parse(&format!("{index}/{count}")).unwrap()
}

fn id(tail: &str) -> SagId {
    SagId::parse(&format!("sag-{tail}")).unwrap()
}
