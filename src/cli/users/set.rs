//! `users set`: bandwidths, and the e-mail address of one account.

use std::cell::RefCell;
use std::path::PathBuf;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::bar::Bar;
use super::prompt::consent;
use super::report::{self, Row};
use super::wishes::{self, kbps};
use super::{CommonFlags, ConsentFlags, Format, Setting, over_users, reading};
use crate::app::Users;
use crate::app::users::{Progress as _, Proposal, Request, Stop, Tally};
use crate::cli::exit::Failure;
use crate::cli::output::{Paint, eprint, print};
use crate::config::Environment;
use crate::model::{BandwidthSetting, UserName};
use crate::rules::Pattern;
use crate::sag::Email;

/// The flags of `users set`.
#[derive(Debug, Args)]
#[command(next_help_heading = "What to change")]
pub(super) struct Flags {
    /// The account, or a glob for many: * stands for any text, ? for any
    /// character
    #[arg(value_name = "NAME|GLOB", value_parser = Target::parse)]
    #[arg(required_unless_present_any = ["from_file", "from_policy"])]
    target: Option<Target>,

    /// The bandwidth, 1 to 20000 Kbit/s
    #[arg(long, value_name = "KBPS", value_parser = kbps, allow_hyphen_values = true)]
    bandwidth: Option<BandwidthSetting>,

    /// The e-mail address, of one account; it is never printed
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    email: Option<Email>,

    /// A CSV file with the columns user, bandwidth_kbps and, where a name exists
    /// in several instances, sag_id
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["target", "bandwidth", "email", "from_policy"])]
    from_file: Option<PathBuf>,

    /// The bandwidths that `policy` expects, of those whose bandwidth is another
    #[arg(long, conflicts_with_all = ["bandwidth", "email"])]
    from_policy: bool,

    #[command(flatten)]
    consent: ConsentFlags,

    #[command(flatten)]
    common: CommonFlags,
}

/// Who is to be changed.
#[derive(Debug, Clone)]
enum Target {
    One(UserName),
    All(Pattern),
}

impl Target {
    fn parse(text: &str) -> Result<Self, String> {
        match text.contains(['*', '?']) {
            true => Pattern::parse(text)
                .map(Self::All)
                .map_err(|e| e.to_string()),
            false => UserName::parse(text)
                .map(Self::One)
                .map_err(|e| e.to_string()),
        }
    }
}

/// What is wrong with an address is said elsewhere, since here the address would
/// be quoted.
fn address(text: &str) -> Result<Email, std::convert::Infallible> {
    Ok(Email::new(text))
}

pub(super) fn run(flags: Flags, environment: Environment, paint: Paint) -> Result<(), Failure> {
    let what = Wanted {
        target: flags.target,
        bandwidth: flags.bandwidth,
        email: flags.email,
        from_file: flags.from_file,
        from_policy: flags.from_policy,
    };
    let request = what.request()?;
    let setting = flags.common.resolve(environment, paint)?;
    if matches!(request, Request::Policy { .. }) {
        let entries = setting.policy().entries();
        if entries.iter().all(|entry| entry.limits.bandwidth.is_none()) {
            return Err(Failure::usage(
                "--from-policy: no entry of policy has a bandwidth: expected one in the \
                 configuration",
            ));
        }
    }
    let Setting {
        options,
        format,
        paint,
    } = setting;
    let screen = Screen { format, paint };
    let consent = flags.consent;
    over_users(options, async |users, shutdown| {
        set(&users, request, &screen, &consent, &shutdown).await
    })
}

/// What the flags say.
struct Wanted {
    target: Option<Target>,
    bandwidth: Option<BandwidthSetting>,
    email: Option<Email>,
    from_file: Option<PathBuf>,
    from_policy: bool,
}

impl Wanted {
    fn request(self) -> Result<Request, Failure> {
        if let Some(file) = self.from_file {
            return Ok(Request::Wishes(wishes::load(&file)?));
        }
        if self.from_policy {
            let names = match self.target {
                None => None,
                Some(Target::All(names)) => Some(names),
                Some(Target::One(user)) => {
                    Some(Pattern::parse(user.as_str()).map_err(|e| Failure::usage(e.to_string()))?)
                }
            };
            return Ok(Request::Policy { names });
        }
        if self.email.as_ref().is_some_and(|email| !is_address(email)) {
            return Err(Failure::usage(NO_ADDRESS));
        }
        match (self.target, self.bandwidth, self.email) {
            (None, _, _) | (_, None, None) => Err(Failure::usage(NOTHING_TO_SET)),
            (Some(Target::All(_)), _, Some(_)) => Err(Failure::usage(ONE_ADDRESS)),
            (Some(Target::All(names)), Some(bandwidth), None) => {
                Ok(Request::All { names, bandwidth })
            }
            (Some(Target::One(user)), bandwidth, email) => Ok(Request::One {
                user,
                bandwidth,
                email,
            }),
        }
    }
}

/// No more than tells an address from a slip of the keyboard: the cloud decides.
fn is_address(email: &Email) -> bool {
    let text = email.reveal();
    let parts = text.split_once('@');
    parts.is_some_and(|(name, domain)| !name.is_empty() && domain.len() > 2)
        && text.len() <= LONGEST_ADDRESS_BYTES
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// How things are shown.
struct Screen {
    format: Format,
    paint: Paint,
}

async fn set(
    users: &Users,
    request: Request,
    screen: &Screen,
    flags: &ConsentFlags,
    shutdown: &CancellationToken,
) -> Result<(), Failure> {
    let nobody = match &request {
        Request::All { .. } => Some("no account has such a name"),
        _ => None,
    };
    let proposal = {
        let bar = Bar::new("finding instances");
        reading(users.propose(request, &bar), shutdown).await?
    };
    if let (Some(text), true) = (nobody, proposal == Proposal::default()) {
        return Err(Failure::run(text));
    }
    screen.plan(&proposal, flags.dry_run)?;
    if flags.dry_run || proposal.changes.is_empty() {
        if proposal.changes.is_empty() {
            screen.say("Nothing to change.\n")?;
        }
        if !flags.dry_run {
            screen.rows(&known_rows(&proposal))?;
        }
        return verdict(&Tally::default(), &proposal);
    }
    let count = proposal.changes.len();
    let accounts = if count == 1 { "account" } else { "accounts" };
    consent(flags, &format!("Change {count} {accounts}?"), shutdown).await?;
    let (tally, rows) = change(users, &proposal, screen, shutdown).await;
    screen.rows(&rows)?;
    screen.say(&report::summary(&tally))?;
    verdict(&tally, &proposal)
}

/// Makes the changes and tells of each at once.
async fn change(
    users: &Users,
    proposal: &Proposal,
    screen: &Screen,
    shutdown: &CancellationToken,
) -> (Tally, Vec<Row>) {
    let bar = Bar::new("changing");
    bar.expect(u64::try_from(proposal.changes.len()).unwrap_or(u64::MAX));
    let rows = RefCell::new(known_rows(proposal));
    let tally = users
        .carry_out(&proposal.changes, shutdown, &mut |change, outcome| {
            rows.borrow_mut().push(Row::done(change, outcome));
            let line = report::result(change, outcome, screen.paint);
            // Changes were agreed to, whether or not anybody still reads.
            let _ = bar.aside(|| screen.say(&line));
            bar.advance(1);
        })
        .await;
    let mut rows = rows.into_inner();
    let done = proposal.changes.len().saturating_sub(tally.left);
    let left = proposal.changes.iter().skip(done);
    rows.extend(left.map(|change| Row::of(change, "left", None)));
    (tally, rows)
}

fn known_rows(proposal: &Proposal) -> Vec<Row> {
    let unchanged = proposal.unchanged.iter().map(Row::from);
    unchanged
        .chain(proposal.refused.iter().map(Row::from))
        .collect()
}

impl Screen {
    /// What is to be done: the result of a dry run, else for the person who is
    /// asked.
    fn plan(&self, proposal: &Proposal, dry_run: bool) -> Result<(), Failure> {
        if dry_run && self.format != Format::Table {
            let planned = |change| Row::of(change, "planned", None);
            let mut rows: Vec<Row> = proposal.changes.iter().map(planned).collect();
            rows.extend(known_rows(proposal));
            return self.rows(&rows);
        }
        self.say(&report::plan(proposal, self.paint))
    }

    /// A line for people: on standard output if that is for them.
    fn say(&self, text: &str) -> Result<(), Failure> {
        if self.format == Format::Table {
            return print(text);
        }
        eprint(text);
        Ok(())
    }

    /// Rows for programs.
    fn rows(&self, rows: &[Row]) -> Result<(), Failure> {
        match self.format {
            Format::Table => Ok(()),
            format => print(&report::rows(rows, format)?),
        }
    }
}

/// Whether all is as wanted now.
fn verdict(tally: &Tally, proposal: &Proposal) -> Result<(), Failure> {
    let mut troubles = Vec::new();
    let mut trouble = |count: usize, what: &str| {
        if count > 0 {
            troubles.push(format!("{count} {what}"));
        }
    };
    trouble(tally.failed, "failed");
    trouble(tally.unknown, "unknown");
    trouble(proposal.refused.len(), "refused");
    trouble(tally.left, "left");
    if troubles.is_empty() {
        return Ok(());
    }
    let why = match tally.stopped {
        Some(Stop::Interrupted) => "interrupted: ",
        Some(Stop::Failures) => "given up after several failures in a row: ",
        None => "not everything is as wanted: ",
    };
    let again = "; the same command again does what is left";
    let again = if tally.left > 0 { again } else { "" };
    Err(Failure::run(format!("{why}{}{again}", troubles.join(", "))))
}

const NOTHING_TO_SET: &str =
    "nothing to set: expected --bandwidth=KBPS, --email=ADDRESS, --from-file=FILE or --from-policy";

const NO_ADDRESS: &str = "--email is not an e-mail address: expected one such as name@example.com";

const ONE_ADDRESS: &str = "--email with a glob: expected the name of one account";

/// The longest that mail servers take.
const LONGEST_ADDRESS_BYTES: usize = 254;

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter users set wei.zhang --bandwidth=3000 --config.file=sag-exporter.yml
      Shows before and after, asks, and changes.
  sag-exporter users set 'sales-*' --bandwidth=1000 --dry-run \\
      --config.file=sag-exporter.yml
  sag-exporter users set --from-file=users.csv --yes --config.file=sag-exporter.yml
  sag-exporter users set --from-policy --config.file=sag-exporter.yml
      Closes the drift that the rule bandwidth_drift finds.

The accounts are read first, so that the same command again does what is left.
No change is sent twice: if the reply to one is lost, the account is read back.

Exit codes: 0 all is as wanted, 1 declined, refused, failed or unknown, 2 wrong
flags, bandwidth or file.";
