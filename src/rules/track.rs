//! Hysteresis: from what is seen in one sweep to what stands.
//!
//! A condition stands once it was seen in some sweeps in a row, and falls once
//! it was seen not to hold in some. A sweep that saw neither counts for neither.

use std::sync::Arc;

use jiff::Timestamp;

/// How many sweeps in a row it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inertia {
    pub(super) raise_after: u8,
    pub(super) clear_after: u8,
}

/// The condition holds for the user in this row, and why.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub(super) row: usize,
    pub(super) why: Reason,
}

/// What was seen, with its numbers. It is put into words only when it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reason {
    Online(u32),
    Sessions {
        clients: u32,
        limit: u32,
    },
    Started {
        at: Timestamp,
        limit_seconds: u64,
    },
    Starts {
        count: usize,
        window_seconds: u64,
    },
    SharesAddress(std::net::IpAddr),
    Address {
        seen: std::net::IpAddr,
        listed: std::net::IpAddr,
    },
    Bandwidth {
        kbps: u32,
        expected_kbps: u32,
    },
    NotOnlineSince(Timestamp),
    Lost {
        ended: u64,
        before: u64,
    },
    CloudAhead {
        seconds: u64,
    },
    CloudBehind {
        seconds: u64,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Online(clients) => {
                let noun = if clients == 1 { "client" } else { "clients" };
                write!(f, "the account is disabled and has {clients} {noun} online")
            }
            Self::Sessions { clients, limit } => {
                write!(
                    f,
                    "{clients} clients online, where the policy allows {limit}"
                )
            }
            Self::Started { at, limit_seconds } => write!(
                f,
                "a session has lasted since {at}, where the policy allows {limit_seconds} s"
            ),
            Self::Starts {
                count,
                window_seconds,
            } => write!(f, "{count} sessions started within {window_seconds} s"),
            Self::SharesAddress(address) => {
                write!(f, "another user is online from {address}, too")
            }
            Self::Address { seen, listed } => {
                write!(
                    f,
                    "online from {seen}, where the static address is {listed}"
                )
            }
            Self::Bandwidth {
                kbps,
                expected_kbps,
            } => write!(
                f,
                "{kbps} Kbit/s allotted, where the policy expects {expected_kbps} Kbit/s"
            ),
            Self::NotOnlineSince(moment) => write!(f, "not seen online since {moment}"),
            Self::Lost { ended, before } => {
                write!(f, "{ended} of {before} clients went offline at once")
            }
            Self::CloudAhead { seconds } => write!(
                f,
                "a session started {seconds} s after the exporter's clock, or later"
            ),
            Self::CloudBehind { seconds } => write!(
                f,
                "a new session started {seconds} s before the user was seen offline, or earlier"
            ),
        }
    }
}

/// One condition of one user, or of an instance as a whole.
#[derive(Debug, Clone)]
pub(super) struct Track {
    pub(super) row: usize,
    pub(super) since: Timestamp,
    pub(super) reason: Arc<str>,
    /// Whether the reason was not kept over a restart.
    is_forgotten: bool,
    hits: u8,
    misses: u8,
    pub(super) stands: bool,
}

impl Track {
    fn begun(hit: &Hit, at: Timestamp) -> Self {
        Self {
            row: hit.row,
            since: at,
            // Put into words when it stands: most of what is seen once goes by.
            reason: Arc::default(),
            is_forgotten: false,
            hits: 0,
            misses: 0,
            stands: false,
        }
    }

    /// What stood before a restart and stands still.
    pub(super) fn recalled(row: usize, since: Timestamp, reason: Option<&Arc<str>>) -> Self {
        Self {
            row,
            since,
            reason: reason.map_or_else(|| FORGOTTEN.into(), Arc::clone),
            is_forgotten: reason.is_none(),
            hits: 0,
            misses: 0,
            stands: true,
        }
    }

    /// The condition was seen to hold. Whether it stands from now on.
    fn hit(&mut self, why: &Reason, inertia: Inertia) -> bool {
        self.misses = 0;
        self.hits = self.hits.saturating_add(1);
        let rises = !self.stands && self.hits >= inertia.raise_after;
        if rises || self.is_forgotten {
            self.stands = true;
            self.reason = why.to_string().into();
            self.is_forgotten = false;
        }
        rises
    }

    /// The condition was seen not to hold. Whether it is over.
    fn miss(&mut self, inertia: Inertia) -> bool {
        self.hits = 0;
        self.misses = self.misses.saturating_add(1);
        !self.stands || self.misses >= inertia.clear_after
    }
}

/// The conditions of one rule, in the order of the rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Tracks(Vec<Track>);

/// What changed.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) raised: Vec<Track>,
    pub(super) cleared: Vec<Track>,
}

impl Tracks {
    /// Those that stand.
    pub(super) fn standing(&self) -> impl Iterator<Item = &Track> {
        self.0.iter().filter(|track| track.stands)
    }

    /// Takes in a condition beside those that are known.
    pub(super) fn insert(&mut self, track: Track) {
        let place = self.0.partition_point(|known| known.row < track.row);
        match self.0.get_mut(place) {
            Some(known) if known.row == track.row => *known = track,
            _ => self.0.insert(place, track),
        }
    }

    /// Takes in what was seen: the users for whom the condition holds, in the
    /// order of the rows, and which of the others were seen not to fulfil it.
    pub(super) fn see(
        &mut self,
        hits: &[Hit],
        is_miss: impl Fn(usize) -> bool,
        at: Timestamp,
        inertia: Inertia,
    ) -> Turns {
        let mut turns = Turns::default();
        if hits.is_empty() && self.0.is_empty() {
            return turns;
        }
        let mut next = Vec::with_capacity(hits.len().max(self.0.len()));
        let mut known = std::mem::take(&mut self.0).into_iter().peekable();
        for hit in hits {
            while let Some(track) = known.next_if(|track| track.row < hit.row) {
                pass(track, &is_miss, inertia, &mut next, &mut turns);
            }
            let track = known.next_if(|track| track.row == hit.row);
            let mut track = track.unwrap_or_else(|| Track::begun(hit, at));
            if track.hit(&hit.why, inertia) {
                turns.raised.push(track.clone());
            }
            next.push(track);
        }
        for track in known {
            pass(track, &is_miss, inertia, &mut next, &mut turns);
        }
        self.0 = next;
        turns
    }

    /// Moves every condition to the new row of its user. Those whose user is no
    /// more are given back if they stood.
    pub(super) fn move_rows(&mut self, new_row: impl Fn(usize) -> Option<usize>) -> Vec<Track> {
        let mut gone = Vec::new();
        self.0.retain_mut(|track| match new_row(track.row) {
            Some(row) => {
                track.row = row;
                true
            }
            None => {
                if track.stands {
                    gone.push(track.clone());
                }
                false
            }
        });
        gone
    }
}

fn pass(
    mut track: Track,
    is_miss: &impl Fn(usize) -> bool,
    inertia: Inertia,
    next: &mut Vec<Track>,
    turns: &mut Turns,
) {
    let is_over = is_miss(track.row) && track.miss(inertia);
    if !is_over {
        next.push(track);
    } else if track.stands {
        turns.cleared.push(track);
    }
}

/// The reason of what stood before a restart, until it is seen again.
const FORGOTTEN: &str = "found before the exporter started; what was seen then was not kept";

#[cfg(test)]
mod tests {
    use super::*;

    /// One sweep a letter: `h` sees the condition hold, `m` sees it not hold,
    /// `.` sees nothing. Expected is one letter a sweep: `R` it is raised, `C`
    /// it is cleared, `+` it stands, `-` it does not.
    fn check(inertia: (u8, u8), sweeps: &str, expected: &str) {
        let inertia = Inertia {
            raise_after: inertia.0,
            clear_after: inertia.1,
        };
        let mut tracks = Tracks::default();
        let mut found = String::new();
        for (second, sweep) in (0..).zip(sweeps.chars()) {
            let why = Reason::Online(1);
            let hits = [Hit { row: 3, why }];
            let hits = if sweep == 'h' { &hits[..] } else { &[] };
            let at = Timestamp::from_second(second).unwrap();
            let turns = tracks.see(hits, |_| sweep == 'm', at, inertia);
            found.push(match (turns.raised.len(), turns.cleared.len()) {
                (1, 0) => 'R',
                (0, 1) => 'C',
                (0, 0) if tracks.standing().count() == 1 => '+',
                (0, 0) => '-',
                turns => panic!("{turns:?}"),
            });
        }
        assert_eq!(found, expected, "{inertia:?} {sweeps}");
    }

    #[test]
    fn a_condition_takes_its_time_to_rise_and_to_fall() {
        check((1, 1), "hhmmh", "R+C-R");
        check((2, 2), "hhhmmm", "-R++C-");
        check((2, 2), "hmhmhm", "------");
        check((2, 2), "hhmhmhmm", "-R+++++C");
        check((2, 2), "h.h.m.m", "--R+++C");
        check((1, 1), "h....", "R++++");
    }

    #[test]
    fn conditions_move_with_their_users() {
        let mut tracks = Tracks::default();
        let hits: Vec<Hit> = [1, 4, 9]
            .map(|row| Hit {
                row,
                why: Reason::Online(1),
            })
            .to_vec();
        let inertia = Inertia {
            raise_after: 1,
            clear_after: 1,
        };
        tracks.see(&hits, |_| false, Timestamp::UNIX_EPOCH, inertia);
        let gone = tracks.move_rows(|row| (row != 4).then_some(row + 1));
        assert_eq!(gone.iter().map(|t| t.row).collect::<Vec<_>>(), [4]);
        let rows: Vec<usize> = tracks.standing().map(|track| track.row).collect();
        assert_eq!(rows, [2, 10]);
    }
}
