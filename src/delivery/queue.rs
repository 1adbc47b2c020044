//! Events that wait for a sink.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use tokio::time::Instant;

/// A bounded queue. What is taken out stays its own until it is done with, so
/// that it is there again if whoever took it is gone.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    under_way: Vec<Waiting>,
}

/// An event that waits.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) json: Arc<str>,
    pub(super) since: Instant,
}

impl Queue {
    /// Appends an event. If there are too many the oldest one gives way: what is
    /// new matters more, and the old one has waited in vain for long. Says
    /// whether one did.
    pub(super) fn push(&mut self, event: Waiting, limit: usize) -> bool {
        self.waiting.push_back(event);
        let is_over = self.len() > limit;
        // What is under way may arrive at any moment.
        is_over && self.waiting.pop_front().is_some()
    }

    /// Takes the oldest events out. What was taken before and not done with
    /// comes first.
    pub(super) fn take(&mut self, most: usize) -> Vec<Waiting> {
        for event in mem::take(&mut self.under_way).into_iter().rev() {
            self.waiting.push_front(event);
        }
        let count = most.min(self.waiting.len());
        self.under_way = self.waiting.drain(..count).collect();
        self.under_way.clone()
    }

    /// What was taken out is done with.
    pub(super) fn done(&mut self) {
        self.under_way.clear();
    }

    /// How many events wait or are under way.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.under_way.len()
    }

    /// Forgets everything, and says how much that was.
    pub(super) fn clear(&mut self) -> usize {
        let lost = self.len();
        *self = Self::default();
        lost
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(number: usize) -> Waiting {
        Waiting {
            json: number.to_string().into(),
            since: Instant::now(),
        }
    }

    fn texts(events: &[Waiting]) -> Vec<String> {
        events.iter().map(|event| event.json.to_string()).collect()
    }

    #[test]
    fn what_is_not_done_with_comes_again_and_the_oldest_gives_way() {
        let mut queue = Queue::default();
        for number in 0..5 {
            assert!(!queue.push(event(number), 5));
        }
        assert_eq!(texts(&queue.take(2)), ["0", "1"]);
        assert!(
            queue.push(event(5), 5),
            "2 gives way, 0 and 1 are under way"
        );
        assert_eq!(texts(&queue.take(3)), ["0", "1", "3"]);
        queue.done();
        assert_eq!(texts(&queue.take(9)), ["4", "5"]);
        assert_eq!(queue.clear(), 2);
        assert!(queue.take(9).is_empty());
    }

    proptest! {
        /// Nothing comes twice once it is done with, order is kept, and what
        /// does not come was counted.
        #[test]
        fn nothing_is_lost_without_a_count(
            steps in prop::collection::vec((0_usize..4, 1_usize..6), 1..200)
        ) {
            let limit = 8;
            let mut queue = Queue::default();
            let (mut pushed, mut lost) = (0, 0);
            let mut arrived: Vec<usize> = Vec::new();
            for (what, number) in steps {
                match what {
                    0 | 1 => for _ in 0..number {
                        lost += usize::from(queue.push(event(pushed), limit));
                        pushed += 1;
                    },
                    2 => drop(queue.take(number)),
                    _ => {
                        let taken = queue.take(number);
                        arrived.extend(taken.iter().map(|e| e.json.parse::<usize>().unwrap()));
                        queue.done();
                    }
                }
                prop_assert!(queue.len() <= limit);
                prop_assert!(arrived.is_sorted_by(|a, b| a < b));
                prop_assert_eq!(arrived.len() + lost + queue.len(), pushed);
            }
        }
    }
}
