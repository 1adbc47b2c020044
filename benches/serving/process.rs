//! Servers as processes of their own, so that each pays for itself only.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::support::Outcome;

/// A server process, ended when this is dropped.
pub(crate) struct Server {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) address: String,
}

impl Server {
    /// Starts it and waits until it prints its address.
    pub(crate) fn start(command: Command) -> Outcome<Self> {
        let mut server = Self::start_at(command, String::new())?;
        server.address = server.answer()?;
        Ok(server)
    }

    /// Starts one that was told where to listen.
    pub(crate) fn start_at(mut command: Command, address: String) -> Outcome<Self> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let orders = process.stdin.take().ok_or("standard input is piped")?;
        let answers = process.stdout.take().ok_or("standard output is piped")?;
        Ok(Self {
            process,
            orders,
            answers: BufReader::new(answers),
            address,
        })
    }

    /// Gives an order without waiting for the answer.
    pub(crate) fn order(&mut self, order: &str) -> Outcome<()> {
        Ok(writeln!(self.orders, "{order}")?)
    }

    /// The next line that it prints.
    pub(crate) fn answer(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(format!("{} ended", self.address).into());
        }
        Ok(line.trim().to_owned())
    }

    /// The CPU time of its threads, to the nanosecond; that of threads that
    /// have ended is known to the hundredth of a second only.
    pub(crate) fn cpu(&self) -> Outcome<Duration> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The name before it may hold anything but ends with a parenthesis.
        let (_, fields) = text.rsplit_once(") ").ok_or("no such field")?;
        let ticks = fields.split(' ').skip(11).take(2);
        let ticks = ticks.filter_map(|field| field.parse::<u64>().ok());
        let whole = Duration::from_millis(10 * ticks.sum::<u64>());
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            nanos += text
                .split(' ')
                .next()
                .unwrap_or_default()
                .parse::<u64>()
                .unwrap_or(0);
        }
        let fine = Duration::from_nanos(nanos);
        Ok(match whole > fine + Duration::from_millis(100) {
            true => whole,
            false => fine,
        })
    }

    /// Forgets the peak of the resident memory so far.
    pub(crate) fn reset_peak(&self) -> Outcome<()> {
        let path = format!("/proc/{}/clear_refs", self.process.id());
        Ok(fs::write(path, "5")?)
    }

    /// The peak of the resident memory, in KiB.
    pub(crate) fn peak_kib(&self) -> Outcome<u64> {
        self.status("VmHWM:")
    }

    /// The resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> Outcome<u64> {
        self.status("VmRSS:")
    }

    fn status(&self, field: &str) -> Outcome<u64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .ok_or("no such field")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to lose.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
