//! Where the panels are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::board;

#[test]
fn panels_have_ids_of_their_own_and_do_not_overlap() {
    for board in board::all() {
        let mut ids = BTreeSet::new();
        let mut taken: BTreeMap<(u64, u64), &str> = BTreeMap::new();
        for tile in board.tiles() {
            let title = board::text_of(tile, "title");
            assert!(ids.insert(number(tile, "/id")), "{}: {title}", board.uid);
            let [x, y, w, h] =
                ["x", "y", "w", "h"].map(|key| number(tile, &format!("/gridPos/{key}")));
            assert!(w > 0 && h > 0 && x + w <= 24, "{}: {title}", board.uid);
            for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                let other = taken.insert(place, title);
                assert_eq!(other, None, "{}: {title} at {place:?}", board.uid);
            }
        }
        assert_no_holes(&board.uid, &taken);
    }
}

/// A hole is a panel that was taken out without closing the gap.
fn assert_no_holes(uid: &str, taken: &BTreeMap<(u64, u64), &str>) {
    let height = taken.keys().map(|(_, y)| y + 1).max().unwrap();
    for y in 0..height {
        let width = (0..24).filter(|&x| taken.contains_key(&(x, y))).count();
        assert_eq!(width, 24, "{uid}: line {y} of the grid is not full");
    }
}

fn number(tile: &Value, pointer: &str) -> u64 {
    let number = tile.pointer(pointer).and_then(Value::as_u64);
    number.unwrap_or_else(|| panic!("no number {pointer} in {tile}"))
}
