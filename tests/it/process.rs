//! The real binary as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// `atlas` with nothing of this process's environment but what finding libraries needs.
pub fn atlas(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atlas"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Output {
    atlas(folder).args(words).envs(variables.iter().copied()).output().unwrap()
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a server answers to a GET, head and body.
pub fn get(port: u16, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A running server, logging to `log` in its folder; killed when dropped.
pub struct Server {
    pub child: Child,
    out: BufReader<ChildStdout>,
    /// The line it printed once it served.
    pub line: String,
    pub port: u16,
    log: PathBuf,
}

impl Server {
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[], &[])
    }

    /// A server with these flags and variables.
    pub fn start_with(folder: &Path, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = atlas(folder);
        command.envs(variables.iter().copied());
        Self::of(command, folder, flags)
    }

    /// A preview's server, at the port that is its own.
    pub fn of_preview(folder: &Path, name: &str) -> Self {
        let mut command = atlas(folder);
        command.args(["serve", "--env", &format!("preview/{name}")]);
        Self::spawned(command, folder)
    }

    /// A server whose files cannot grow past `bytes`.
    pub fn start_with_files_up_to(folder: &Path, bytes: u64, variables: &[(&str, &str)]) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$@\"", bytes / 512);
        shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_atlas")]).current_dir(folder).env_clear();
        shell.envs(variables.iter().copied());
        Self::of(shell, folder, &[])
    }

    /// The server of a command that is a binary of Atlas without its verb.
    pub fn of(mut command: Command, folder: &Path, flags: &[&str]) -> Self {
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(flags);
        Self::spawned(command, folder)
    }

    fn spawned(mut command: Command, folder: &Path) -> Self {
        let path = folder.join("log");
        let log = std::fs::File::create(&path).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        // Where it listens is said apart when people reach it elsewhere.
        let port = line
            .split_once(", listening on 127.0.0.1:")
            .or(line.split_once("http://localhost:"))
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .and_then(|port| port.parse().ok())
            .unwrap_or_else(|| {
                panic!("no address in “{line}”: {}", std::fs::read_to_string(&path).unwrap_or_default())
            });
        Self { child, out, line, port, log: path }
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        // A process that has ended meanwhile needs no signal.
        let _ = Command::new("kill").args([&format!("-{name}"), &pid]).stderr(Stdio::null()).status().unwrap();
    }

    /// Lifts the limit of [`Self::start_with_files_up_to`] while it runs.
    pub fn may_have_larger_files(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited:"]).status().unwrap().success());
    }

    /// Waits until its log holds these words.
    pub async fn has_logged(&self, words: &str) {
        while !std::fs::read_to_string(&self.log).unwrap().contains(words) {
            tokio::task::yield_now().await;
        }
    }

    /// Waits for its end and answers the exit code and what it said last.
    pub fn ends(mut self) -> (Option<i32>, String) {
        use std::io::Read;
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
