//! JSON with one habit and one completion per line: compact, and an editor opens it without a line of megabytes.

use std::io::{self, Write};

use serde_json::ser::Formatter;

/// Values nested at least this deep stay on one line.
const LINE_DEPTH: usize = 2;

/// Starts a new line for every value of the outermost object, and for every element of a list in it.
#[derive(Default)]
pub struct LineFormatter {
    depth: usize,
}

impl LineFormatter {
    fn start_value<W: Write + ?Sized>(&self, writer: &mut W, is_first: bool) -> io::Result<()> {
        if !is_first {
            writer.write_all(b",")?;
        }
        if self.depth <= LINE_DEPTH { writer.write_all(b"\n") } else { Ok(()) }
    }

    fn end<W: Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(bracket)?;
        if self.depth == 0 { writer.write_all(b"\n") } else { Ok(()) }
    }
}

impl Formatter for LineFormatter {
    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.start_value(writer, first)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"}")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.start_value(writer, first)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_element_of_an_outer_list_is_one_line() {
        let value = json!({ "a": [{ "b": [1, 2] }, {}], "c": 1, "d": [] });
        let mut text = Vec::new();
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, LineFormatter::default())).unwrap();
        let expected = "{\n\"a\":[\n{\"b\":[1,2]},\n{}],\n\"c\":1,\n\"d\":[]}\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
