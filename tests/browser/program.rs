//! A program that runs beside a story and ends with it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take to start.
const START: Duration = Duration::from_secs(30);
/// How long a program may take to end.
const END: Duration = Duration::from_secs(15);

/// Ended with SIGTERM when dropped, unless it has ended by then.
pub struct Program {
    name: &'static str,
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    /// Starts it. What it prints is read for as long as it runs, so that it never waits for a reader.
    pub fn start(name: &'static str, command: &mut Command) -> Self {
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|error| panic!("{name} does not start: {error}. See tests/run."));
        let out = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (send, lines) = mpsc::channel();
        thread::spawn(move || out.lines().map_while(Result::ok).for_each(|line| drop(send.send(line))));
        Self { name, child, lines }
    }

    /// The first line that contains `words`.
    pub fn says(&mut self, words: &str) -> String {
        let deadline = Instant::now() + START;
        let mut said = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if line.contains(words) {
                return line;
            }
            said.push(line);
        }
        let ended = self.child.try_wait();
        panic!("waited in vain for {} to say “{words}”; it said {said:?}, and whether it ended: {ended:?}", self.name);
    }

    /// Whether it ends by itself in good time.
    pub fn ends(&mut self) -> bool {
        let deadline = Instant::now() + END;
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        signal("TERM", self.child.id().into());
        if !self.ends() {
            eprintln!("{} did not end when asked to; it is killed", self.name);
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Sends a signal; the standard library only knows how to kill children.
pub fn signal(name: &str, pid: u64) {
    let _ = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &pid.to_string()]).status();
}
