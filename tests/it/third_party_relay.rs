//! A relay that others wrote: npm's smtp-server, in a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::relay::{Certificates, PASSWORD, USER};
use crate::tools::tool;

pub struct ThirdPartyRelay {
    child: Child,
    out: BufReader<ChildStdout>,
    pub port: u16,
}

impl ThirdPartyRelay {
    /// With TLS from the first byte or after STARTTLS, and a password.
    pub fn start(certificates: &Certificates, implicit: bool) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/relay.cjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(tool("smtp-server/lib/smtp-server.js"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let wanted = json!({
            "implicit": implicit,
            "key": certificates.key,
            "certificate": certificates.certificate,
            "user": USER,
            "password": PASSWORD,
        });
        writeln!(child.stdin.as_mut().unwrap(), "{wanted}").unwrap();
        let mut relay = Self { out: BufReader::new(child.stdout.take().unwrap()), child, port: 0 };
        relay.port = relay.line().trim().parse().unwrap();
        relay
    }

    /// The next mail it took, which it tells of before it answers.
    pub fn mail(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    fn line(&mut self) -> String {
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
