//! Verifying passwords without being brought down by those who guess them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task;

use super::credentials::Credentials;
use super::users::{PasswordHash, Users};

/// Verifies passwords on blocking threads, a few at once, and remembers those
/// that were right.
pub(super) struct Verifier {
    key: Hmac<Sha256>,
    right: Mutex<Remembered>,
    under_way: Mutex<HashMap<Mark, Arc<OnceCell<Verdict>>>>,
    working: Arc<Semaphore>,
    waiting: Semaphore,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The user exists and this is the password.
    Right,
    /// It is not, or there is no such user.
    Wrong,
    /// Too many others are being verified.
    Busy,
}

impl Verifier {
    /// Remembers nothing yet. The key with which it remembers is its own.
    pub(super) fn new() -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let key: [u8; 64] = rand::random();
        Self {
            key: Hmac::new(&key.into()),
            right: Mutex::default(),
            under_way: Mutex::default(),
            // Half of the processors stay free for scrapes.
            working: Arc::new(Semaphore::new((threads / 2).max(1))),
            waiting: Semaphore::new(MAX_WAITING),
        }
    }

    /// Whether these are the credentials of one of the users.
    pub(super) async fn verify(&self, users: &Users, credentials: Credentials) -> Verdict {
        let chance = self.chance(&credentials.user);
        let Some(candidate) = users.candidate(&credentials.user, chance) else {
            return Verdict::Wrong;
        };
        let mark = self.mark(&credentials, candidate.hash);
        if candidate.known && self.remembered().contains(&mark) {
            return Verdict::Right;
        }
        let known = candidate.known;
        let hash = candidate.hash.clone();
        let shared = self.share(mark);
        let work = || async move {
            match self.matches(hash, credentials).await {
                None => Verdict::Busy,
                Some(matches) if known && matches => Verdict::Right,
                Some(_) => Verdict::Wrong,
            }
        };
        let verdict = *shared.verdict.get_or_init(work).await;
        if verdict == Verdict::Right {
            self.remembered().insert(mark);
        }
        verdict
    }

    /// The work on these credentials, which is done once for all who bring them
    /// at the same time: many scrapes may begin before the first of them is
    /// remembered. If the one who does the work goes away, another one does it.
    fn share(&self, mark: Mark) -> Shared<'_> {
        let verdict = Arc::clone(self.lock_under_way().entry(mark).or_default());
        Shared {
            verifier: self,
            mark,
            verdict,
        }
    }

    /// Whether the hash is that of the password; `None` if too many wait.
    async fn matches(&self, hash: PasswordHash, credentials: Credentials) -> Option<bool> {
        let _place = self.waiting.try_acquire().ok()?;
        let permit = Arc::clone(&self.working).acquire_owned().await.ok()?;
        let verified = task::spawn_blocking(move || {
            // Held until the work is done, even if the client has gone.
            let _permit = permit;
            hash.matches(&credentials.password)
        });
        // It fails only while the process ends.
        Some(verified.await.unwrap_or(false))
    }

    /// A number that nobody can foretell, the same for the same name.
    fn chance(&self, user: &[u8]) -> usize {
        let digest = self.digest(&[user]);
        digest
            .iter()
            .take(size_of::<usize>())
            .fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    /// What is remembered of credentials: useless without the key.
    fn mark(&self, credentials: &Credentials, hash: &PasswordHash) -> Mark {
        self.digest(&[
            &credentials.user,
            &credentials.password,
            hash.as_str().as_bytes(),
        ])
    }

    fn digest(&self, parts: &[&[u8]]) -> Mark {
        let mut digest = self.key.clone();
        for part in parts {
            // With the lengths no two lists of parts have the same bytes.
            digest.update(&part.len().to_le_bytes());
            digest.update(part);
        }
        digest.finalize().into_bytes().into()
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        // Nothing can panic while the lock is held.
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_under_way(&self) -> MutexGuard<'_, HashMap<Mark, Arc<OnceCell<Verdict>>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

type Mark = [u8; 32];

/// A part in the work on the same credentials. The last one takes it off the
/// list, so that the list is never longer than there are requests.
struct Shared<'a> {
    verifier: &'a Verifier,
    mark: Mark,
    verdict: Arc<OnceCell<Verdict>>,
}

impl Drop for Shared<'_> {
    fn drop(&mut self) {
        let mut under_way = self.verifier.lock_under_way();
        // The list has one, and this part another.
        if Arc::strong_count(&self.verdict) <= 2 {
            under_way.remove(&self.mark);
        }
    }
}

/// The credentials that were right; the oldest are forgotten first.
#[derive(Default)]
struct Remembered {
    marks: HashSet<Mark>,
    order: VecDeque<Mark>,
}

impl Remembered {
    fn contains(&self, mark: &Mark) -> bool {
        self.marks.contains(mark)
    }

    fn insert(&mut self, mark: Mark) {
        if !self.marks.insert(mark) {
            return;
        }
        self.order.push_back(mark);
        if self.order.len() > MAX_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.marks.remove(&oldest);
        }
    }
}

/// Few users have passwords, each of them one.
const MAX_REMEMBERED: usize = 256;

/// Being verified or waiting for it. At the usual cost of 10 the last of them
/// waits for about two seconds.
const MAX_WAITING: usize = 32;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use zeroize::Zeroizing;

    use super::*;

    fn users(users: &[(&str, &str)]) -> Users {
        users
            .iter()
            .map(|(name, password)| {
                let hash = bcrypt::hash(password, 4).unwrap();
                ((*name).to_owned(), PasswordHash::parse(&hash).unwrap())
            })
            .collect()
    }

    fn credentials(user: &str, password: &str) -> Credentials {
        Credentials {
            user: user.into(),
            password: Zeroizing::new(password.into()),
        }
    }

    #[tokio::test]
    async fn only_the_own_password_is_right() {
        let users = users(&[("alice", "one"), ("bob", "two"), ("böb", "")]);
        let verifier = Verifier::new();
        for (user, password, expected) in [
            ("alice", "one", Verdict::Right),
            ("alice", "two", Verdict::Wrong),
            ("bob", "two", Verdict::Right),
            ("böb", "", Verdict::Right),
            ("alice", "", Verdict::Wrong),
            ("carol", "one", Verdict::Wrong),
            ("carol", "two", Verdict::Wrong),
            ("", "", Verdict::Wrong),
        ] {
            for round in ["first", "again"] {
                let found = verifier.verify(&users, credentials(user, password)).await;
                assert_eq!(found, expected, "{user:?} {password:?} {round}");
            }
        }
        assert_eq!(verifier.remembered().marks.len(), 3);
        let not_text = Credentials {
            user: vec![0xff],
            password: Zeroizing::new(vec![0xff, 0]),
        };
        assert_eq!(verifier.verify(&users, not_text).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn what_is_remembered_needs_no_work_and_ends_with_the_hash() {
        let before = users(&[("alice", "one")]);
        let verifier = Verifier::new();
        let right = || credentials("alice", "one");
        assert_eq!(verifier.verify(&before, right()).await, Verdict::Right);
        // From here on no password can be verified any more.
        verifier.working.close();
        assert_eq!(verifier.verify(&before, right()).await, Verdict::Right);
        let changed = users(&[("alice", "one")]);
        assert_eq!(verifier.verify(&changed, right()).await, Verdict::Busy);
        let unknown = credentials("carol", "one");
        assert_eq!(verifier.verify(&before, unknown).await, Verdict::Busy);
    }

    #[tokio::test]
    async fn those_who_find_too_many_waiting_are_sent_away() {
        let users = users(&[("alice", "one")]);
        let verifier = Verifier::new();
        let places = u32::try_from(MAX_WAITING).unwrap();
        let all = verifier.waiting.acquire_many(places).await.unwrap();
        let right = || credentials("alice", "one");
        assert_eq!(verifier.verify(&users, right()).await, Verdict::Busy);
        drop(all);
        assert_eq!(verifier.verify(&users, right()).await, Verdict::Right);
    }

    #[tokio::test]
    async fn the_same_credentials_are_verified_once_for_all() {
        let users = users(&[("alice", "one")]);
        let verifier = Verifier::new();
        let crowd = || {
            let each =
                (0..10 * MAX_WAITING).map(|_| verifier.verify(&users, credentials("alice", "one")));
            futures_util::future::join_all(each)
        };
        // Nobody gets to work before all of them wait.
        let threads = u32::try_from(verifier.working.available_permits()).unwrap();
        let busy = verifier.working.acquire_many(threads).await.unwrap();
        // One who goes away in the middle leaves the work to the others.
        let mut fickle = Box::pin(verifier.verify(&users, credentials("alice", "one")));
        assert!((&mut fickle).now_or_never().is_none());
        assert_eq!(verifier.lock_under_way().len(), 1);
        let mut crowd = Box::pin(crowd());
        assert!((&mut crowd).now_or_never().is_none());
        drop(fickle);
        drop(busy);
        let verdicts = crowd.await;
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Right));
        assert!(verifier.lock_under_way().is_empty());
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut remembered = Remembered::default();
        let mark = |number: usize| {
            let mut mark = [0; 32];
            mark[..8].copy_from_slice(&number.to_le_bytes());
            mark
        };
        for number in 0..MAX_REMEMBERED + 3 {
            remembered.insert(mark(number));
            remembered.insert(mark(number));
        }
        assert_eq!(remembered.marks.len(), MAX_REMEMBERED);
        assert_eq!(remembered.order.len(), MAX_REMEMBERED);
        assert!(!remembered.contains(&mark(2)));
        assert!(remembered.contains(&mark(3)));
    }

    #[test]
    fn unknown_users_take_turns_as_others() {
        let users = users(&[("alice", "one"), ("bob", "two")]);
        let verifier = Verifier::new();
        let stand_ins: HashSet<String> = (0..64)
            .filter_map(|number| {
                let name = format!("nobody{number}");
                let chance = verifier.chance(name.as_bytes());
                let candidate = users.candidate(name.as_bytes(), chance)?;
                assert!(!candidate.known);
                assert_eq!(chance, verifier.chance(name.as_bytes()));
                Some(candidate.hash.as_str().to_owned())
            })
            .collect();
        assert_eq!(stand_ins.len(), 2, "chance never picked one of the two");
    }
}
