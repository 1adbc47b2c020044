//! `users kick`: the end of the sessions of one account.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::prompt::consent;
use super::record::{self, SessionRecord};
use super::table::harmless;
use super::{CommonFlags, ConsentFlags, Format, Setting, over_users, reading};
use crate::app::Users;
use crate::app::users::{Kickable, Kicked};
use crate::cli::exit::Failure;
use crate::cli::output::{Colour, Paint, eprint, print};
use crate::clock::Clock;
use crate::config::Environment;
use crate::model::{Session, UserName};

/// The flags of `users kick`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The account
    #[arg(value_name = "NAME", value_parser = UserName::parse)]
    user: UserName,

    #[command(flatten)]
    consent: ConsentFlags,

    #[command(flatten)]
    common: CommonFlags,
}

/// A session and what became of it, for programs.
#[derive(Debug, Serialize)]
struct Row<'a> {
    sag_id: &'a str,
    user: &'a str,
    #[serde(flatten)]
    session: SessionRecord,
    result: &'static str,
}

pub(super) fn run(flags: Flags, environment: Environment, paint: Paint) -> Result<(), Failure> {
    let setting = flags.common.resolve(environment, paint)?;
    let Setting {
        options,
        format,
        paint,
    } = setting;
    let screen = Screen { format, paint };
    let (user, consent) = (flags.user, flags.consent);
    over_users(options, async |users, shutdown| {
        kick(&users, &user, &screen, &consent, &shutdown).await
    })
}

async fn kick(
    users: &Users,
    user: &UserName,
    screen: &Screen,
    flags: &ConsentFlags,
    shutdown: &CancellationToken,
) -> Result<(), Failure> {
    let kickable = reading(users.kickable(user), shutdown).await?;
    let (name, sag_id) = (harmless(user.as_str()), kickable.sag_id());
    if kickable.sessions.is_empty() {
        screen.say(&format!(
            "{name} of {sag_id} has no session: nothing to cut.\n"
        ))?;
        return screen.rows(&kickable, &[]);
    }
    let count = sessions(kickable.sessions.len());
    screen.say(&format!("{name} of {sag_id} has {count}:\n"))?;
    screen.sessions(&kickable.sessions)?;
    if flags.dry_run {
        return screen.rows(&kickable, &[("planned", &kickable.sessions)]);
    }
    consent(flags, &format!("Cut {count}?"), shutdown).await?;
    let kicked = kickable.kick().await.map_err(Failure::run)?;
    screen.rows(
        &kickable,
        &[
            ("cut", &kicked.cut),
            ("remaining", &kicked.remaining),
            ("new", &kicked.new),
        ],
    )?;
    screen.outcome(&kicked)?;
    match kicked.remaining.len() {
        0 => Ok(()),
        left => Err(Failure::run(format!("{} still there", sessions(left)))),
    }
}

/// How things are shown.
struct Screen {
    format: Format,
    paint: Paint,
}

impl Screen {
    fn outcome(&self, kicked: &Kicked) -> Result<(), Failure> {
        if let Some(doubt) = &kicked.doubt {
            self.say(&format!(
                "The outcome of the call was unknown ({doubt}); the sessions were read back.\n"
            ))?;
        }
        let parts = [
            (&kicked.cut, "cut", Colour::Good),
            (&kicked.remaining, "still there", Colour::Bad),
            (
                &kicked.new,
                "new since: the client came back",
                Colour::Changed,
            ),
        ];
        for (list, words, colour) in parts {
            if !list.is_empty() {
                let words = self.paint.paint(colour, words);
                self.say(&format!("{} {words}:\n", sessions(list.len())))?;
                self.sessions(list)?;
            }
        }
        Ok(())
    }

    fn sessions(&self, sessions: &[Session]) -> Result<(), Failure> {
        let now = Clock::system().now();
        for session in sessions {
            let sentence = SessionRecord::new(session, now).sentence();
            self.say(&format!("  {sentence}\n"))?;
        }
        Ok(())
    }

    /// A line for people: on standard output if that is for them.
    fn say(&self, text: &str) -> Result<(), Failure> {
        if self.format == Format::Table {
            return print(text);
        }
        eprint(text);
        Ok(())
    }

    /// Sessions for programs.
    fn rows(&self, kicked: &Kickable, parts: &[(&'static str, &[Session])]) -> Result<(), Failure> {
        let now: Timestamp = Clock::system().now();
        let row = |result, session| Row {
            sag_id: kicked.sag_id().as_str(),
            user: kicked.user.as_str(),
            session: SessionRecord::new(session, now),
            result,
        };
        let rows = parts.iter().flat_map(|(result, sessions)| {
            let each = sessions.iter();
            each.map(|session| row(*result, session))
        });
        let rows: Vec<Row<'_>> = rows.collect();
        match self.format {
            Format::Table => Ok(()),
            Format::Json => print(&record::json(&rows)?),
            Format::Csv => print(&csv(&rows)?),
        }
    }
}

fn csv(rows: &[Row<'_>]) -> Result<String, Failure> {
    let headings = [
        "sag_id",
        "user",
        "client_ip",
        "started",
        "age_seconds",
        "result",
    ];
    // A flattened field is a map, of which CSV knows nothing.
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (row.sag_id, row.user, &row.session, row.result))
        .collect();
    record::csv(&headings, &rows)
}

fn sessions(count: usize) -> String {
    match count {
        1 => "1 session".to_owned(),
        count => format!("{count} sessions"),
    }
}

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter users kick wei.zhang --config.file=sag-exporter.yml
      Shows the sessions, asks, cuts them, and shows what is left.
  sag-exporter users kick wei.zhang --yes --config.file=sag-exporter.yml

A client that is cut may log in again at once; to keep it out, disable the
account in the console.

Exit codes: 0 no session is left of those shown, 1 declined, failed or unknown,
2 wrong flags.";
