//! Runs the `atlas` binary: commands to their end, and servers.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// A command that runs `atlas` with an empty environment.
pub fn atlas_command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atlas"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
    atlas_command(folder).args(args).envs(variables.iter().copied()).output().unwrap()
}

pub fn exit_code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Sends a GET to localhost and returns the whole response, head and body.
pub fn http_get(port: u16, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// A running server that logs to the file `log` in its folder. It is killed when dropped.
pub struct Server {
    pub child: Child,
    stdout: BufReader<ChildStdout>,
    /// The line that the server prints when it is ready.
    pub ready_line: String,
    pub port: u16,
    log_path: PathBuf,
}

impl Server {
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[], &[])
    }

    pub fn start_with(folder: &Path, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = atlas_command(folder);
        command.envs(variables.iter().copied());
        Self::from_command(command, folder, flags)
    }

    /// Starts the server of a preview on the preview's port.
    pub fn start_preview(folder: &Path, name: &str) -> Self {
        let mut command = atlas_command(folder);
        command.args(["serve", "--env", &format!("preview/{name}")]);
        Self::spawn(command, folder)
    }

    /// Starts a server whose files can't grow past `bytes`.
    pub fn start_with_file_size_limit(folder: &Path, bytes: u64, variables: &[(&str, &str)]) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$@\"", bytes / 512);
        shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_atlas")]).current_dir(folder).env_clear();
        shell.envs(variables.iter().copied());
        Self::from_command(shell, folder, &[])
    }

    /// Starts a server by a command that runs Atlas; the subcommand and the address are appended.
    pub fn from_command(mut command: Command, folder: &Path, flags: &[&str]) -> Self {
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(flags);
        Self::spawn(command, folder)
    }

    fn spawn(mut command: Command, folder: &Path) -> Self {
        let log_path = folder.join("log");
        let log = std::fs::File::create(&log_path).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut ready_line = String::new();
        stdout.read_line(&mut ready_line).unwrap();
        // The line names the listening address separately when the public URL differs from it.
        let port = ready_line
            .split_once(", listening on 127.0.0.1:")
            .or(ready_line.split_once("http://localhost:"))
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .and_then(|port| port.parse().ok())
            .unwrap_or_else(|| {
                panic!("no address in “{ready_line}”: {}", std::fs::read_to_string(&log_path).unwrap_or_default())
            });
        Self { child, stdout, ready_line, port, log_path }
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        // `kill` fails when the process has already exited.
        // The shell's `kill`, because minimal systems have no such program.
        let arguments = ["-c", "kill -s \"$0\" \"$1\"", name, &pid];
        let _ = Command::new("sh").args(arguments).stderr(Stdio::null()).status().unwrap();
    }

    /// Lifts the limit of [`Self::start_with_file_size_limit`] while the server runs.
    pub fn lift_file_size_limit(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited:"]).status().unwrap().success());
    }

    /// Waits until the log contains `text`.
    pub async fn wait_for_log(&self, text: &str) {
        while !std::fs::read_to_string(&self.log_path).unwrap().contains(text) {
            tokio::task::yield_now().await;
        }
    }

    /// Waits for the process to exit and returns the exit code and the rest of its output.
    pub fn wait(mut self) -> (Option<i32>, String) {
        use std::io::Read;
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
