//! A program that runs during a test and ends with it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

const START_TIMEOUT: Duration = Duration::from_secs(30);
const EXIT_TIMEOUT: Duration = Duration::from_secs(15);

/// A running program. Dropping it sends SIGTERM unless it has exited, and SIGKILL if that doesn't end it.
pub struct ChildProcess {
    name: &'static str,
    child: Child,
    lines: Receiver<String>,
}

impl ChildProcess {
    /// Starts the program. A thread reads its output for as long as it runs, so that it never blocks on a full pipe.
    pub fn start(name: &'static str, command: &mut Command) -> Self {
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|error| panic!("{name} does not start: {error}. Run tests/run."));
        let out = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (send, lines) = mpsc::channel();
        thread::spawn(move || out.lines().map_while(Result::ok).for_each(|line| drop(send.send(line))));
        Self { name, child, lines }
    }

    /// Waits for the first line of output that contains `words` and returns it.
    pub fn wait_for_line(&mut self, words: &str) -> String {
        self.find_line(words).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// Waits for the first line of output that contains `words`.
    ///
    /// # Errors
    ///
    /// What the program printed instead until it exited or the time was up.
    pub fn find_line(&mut self, words: &str) -> Result<String, String> {
        let deadline = Instant::now() + START_TIMEOUT;
        let mut lines = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if line.contains(words) {
                return Ok(line);
            }
            lines.push(line);
        }
        let status = self.child.try_wait();
        Err(format!("{} did not print “{words}”; it printed {lines:?}; exit status: {status:?}", self.name))
    }

    /// Waits for the program to exit. Returns whether it did in time.
    pub fn wait_for_exit(&mut self) -> bool {
        let deadline = Instant::now() + EXIT_TIMEOUT;
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        send_signal("TERM", self.child.id().into());
        if !self.wait_for_exit() {
            eprintln!("{} ignored SIGTERM and is killed", self.name);
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Sends a signal with the shell's `kill`, because the standard library can send only SIGKILL, and only to children.
pub fn send_signal(name: &str, pid: u64) {
    let _ = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &pid.to_string()]).status();
}
