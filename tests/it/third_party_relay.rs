//! A third-party SMTP relay: npm's smtp-server, in its own process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::relay::{Certificates, RELAY_PASSWORD, RELAY_USER};
use crate::tools::npm_file;

pub struct ThirdPartyRelay {
    child: Child,
    out: BufReader<ChildStdout>,
    pub port: u16,
}

impl ThirdPartyRelay {
    /// Starts a relay that requires a password and TLS: from the first byte when `implicit` is set, otherwise after
    /// STARTTLS.
    pub fn start(certificates: &Certificates, implicit: bool) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/relay.cjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(npm_file("smtp-server/lib/smtp-server.js"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let options = json!({
            "implicit": implicit,
            "key": certificates.key,
            "certificate": certificates.certificate,
            "user": RELAY_USER,
            "password": RELAY_PASSWORD,
        });
        writeln!(child.stdin.as_mut().unwrap(), "{options}").unwrap();
        let mut relay = Self { out: BufReader::new(child.stdout.take().unwrap()), child, port: 0 };
        relay.port = relay.read_line().trim().parse().unwrap();
        relay
    }

    /// Waits for the next message that it accepts. The relay reports a message before it replies to the client.
    pub fn next_message(&mut self) -> Value {
        serde_json::from_str(&self.read_line()).unwrap()
    }

    fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for ThirdPartyRelay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
