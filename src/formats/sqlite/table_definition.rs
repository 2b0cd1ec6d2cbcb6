//! What a `CREATE TABLE` statement says about the rows of a table: the names of its columns and their defaults.

use super::record::SqlValue;

/// A table's columns.
#[derive(Debug, Clone, PartialEq)]
pub struct TableDefinition {
    pub columns: Vec<ColumnDefinition>,
    /// Whether rows are kept by another key, in a form that is not read here.
    pub is_without_row_ids: bool,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDefinition {
    pub name: String,
    /// The value of rows that were written before the column was added.
    pub default: SqlValue,
    /// Whether the row id is the value, and NULL is stored in its place.
    pub is_row_id: bool,
}

impl TableDefinition {
    /// Reads a statement; `None` when it isn't that of a table.
    pub fn parse(sql: &str) -> Option<Self> {
        let tokens = tokenize(sql);
        let open = tokens.iter().position(|token| token.is("("))?;
        let mut parts: Vec<Vec<&Token>> = vec![Vec::new()];
        let (mut depth, mut end) = (1, tokens.len());
        for (at, token) in tokens.iter().enumerate().skip(open + 1) {
            match token.text.as_str() {
                "(" if !token.is_quoted => depth += 1,
                ")" if !token.is_quoted => depth -= 1,
                "," if !token.is_quoted && depth == 1 => {
                    parts.push(Vec::new());
                    continue;
                }
                _ => {}
            }
            if depth == 0 {
                end = at;
                break;
            }
            parts.last_mut()?.push(token);
        }
        let mut columns: Vec<ColumnDefinition> = Vec::new();
        for part in &parts {
            match part.first() {
                Some(first) if is_constraint(first) => apply_primary_key(part, &parts, &mut columns),
                Some(_) => columns.extend(parse_column(part)),
                None => {}
            }
        }
        let options = tokens.get(end..).unwrap_or_default();
        let is_without_row_ids =
            options.windows(2).any(|pair| matches!(pair, [one, two] if one.is("WITHOUT") && two.is("ROWID")));
        Some(Self { columns, is_without_row_ids })
    }
}

fn is_constraint(token: &Token) -> bool {
    ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"].iter().any(|word| token.is(word))
}

fn parse_column(part: &[&Token]) -> Option<ColumnDefinition> {
    let (name, rest) = part.split_first()?;
    let is_integer = rest.first().is_some_and(|token| token.is("INTEGER"));
    let key = rest.windows(2).position(|pair| matches!(pair, [one, two] if one.is("PRIMARY") && two.is("KEY")));
    // A descending key is a column of its own, by an old quirk of SQLite.
    let is_descending = key.and_then(|at| rest.get(at + 2)).is_some_and(|token| token.is("DESC"));
    Some(ColumnDefinition {
        name: name.text.clone(),
        default: parse_default(rest),
        is_row_id: is_integer && key.is_some() && !is_descending,
    })
}

fn parse_default(tokens: &[&Token]) -> SqlValue {
    let after = tokens.iter().position(|token| token.is("DEFAULT")).and_then(|at| tokens.get(at + 1..));
    let value: Vec<&&Token> = after.unwrap_or_default().iter().filter(|token| !token.is("(")).take(2).collect();
    match value.as_slice() {
        [token, ..] if token.is_quoted => SqlValue::Text(token.text.clone()),
        [sign, number, ..] if sign.is("-") => parse_number(&format!("-{}", number.text)),
        [number, ..] => parse_number(&number.text),
        [] => SqlValue::Null,
    }
}

fn parse_number(text: &str) -> SqlValue {
    let real = || text.parse().map_or(SqlValue::Null, SqlValue::Real);
    text.parse().map_or_else(|_| real(), SqlValue::Integer)
}

/// `PRIMARY KEY (id)` behind the columns makes an integer column the row id, too.
fn apply_primary_key(part: &[&Token], parts: &[Vec<&Token>], columns: &mut [ColumnDefinition]) {
    let key = part.windows(5).find_map(|window| match window {
        [primary, key, open, name, close]
            if primary.is("PRIMARY") && key.is("KEY") && open.is("(") && close.is(")") =>
        {
            Some(&name.text)
        }
        _ => None,
    });
    let Some(name) = key else { return };
    let is_integer = parts.iter().any(|part| {
        matches!(part.as_slice(), [column, kind, ..] if column.text.eq_ignore_ascii_case(name) && kind.is("INTEGER"))
    });
    for column in columns.iter_mut().filter(|column| is_integer && column.name.eq_ignore_ascii_case(name)) {
        column.is_row_id = true;
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    text: String,
    is_quoted: bool,
}

impl Token {
    /// Whether this is the keyword or sign, in any case.
    fn is(&self, word: &str) -> bool {
        !self.is_quoted && self.text.eq_ignore_ascii_case(word)
    }
}

/// Words, quoted names and texts, and signs, without comments.
fn tokenize(sql: &str) -> Vec<Token> {
    let (mut tokens, mut rest) = (Vec::new(), sql);
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            _ if c.is_whitespace() => after,
            '-' if after.starts_with('-') => skip_past(rest, "\n"),
            '/' if after.starts_with('*') => skip_past(rest, "*/"),
            '"' | '\'' | '`' => read_quoted(after, c, &mut tokens),
            '[' => read_quoted(after, ']', &mut tokens),
            _ if c == '_' || c.is_alphanumeric() => {
                let end = rest.find(|c: char| !(c == '_' || c == '.' || c == '$' || c.is_alphanumeric()));
                let (word, after) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
                tokens.push(Token { text: word.to_owned(), is_quoted: false });
                after
            }
            _ => {
                tokens.push(Token { text: c.to_string(), is_quoted: false });
                after
            }
        };
    }
    tokens
}

fn skip_past<'a>(text: &'a str, end: &str) -> &'a str {
    text.find(end).and_then(|at| text.get(at + end.len()..)).unwrap_or_default()
}

/// Reads up to the closing quote, which is doubled where it is part of the text.
fn read_quoted<'a>(text: &'a str, close: char, tokens: &mut Vec<Token>) -> &'a str {
    let (mut quoted, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        if c != close {
            quoted.push(c);
        } else if chars.as_str().starts_with(close) && close != ']' {
            quoted.push(c);
            chars.next();
        } else {
            break;
        }
    }
    tokens.push(Token { text: quoted, is_quoted: true });
    chars.as_str()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn columns(sql: &str) -> Vec<(String, SqlValue, bool)> {
        let columns = TableDefinition::parse(sql).unwrap().columns;
        columns.into_iter().map(|column| (column.name, column.default, column.is_row_id)).collect()
    }

    #[test]
    fn names_defaults_and_the_row_id_are_read_however_they_are_written() {
        let sql = r#"CREATE TABLE "Habits" ( id integer primary key autoincrement, -- the id, of course
            [the color] integer DEFAULT -7, "say ""hi""" text not null default '', `x` numeric(10, 2) default (2.5) /* , y */,
            CHECK (id > 0), unique (x), "primary" text, z DEFAULT NULL)"#;
        let text = |name: &str, default: SqlValue| (name.to_owned(), default, false);
        assert_eq!(
            columns(sql),
            [
                ("id".to_owned(), SqlValue::Null, true),
                text("the color", SqlValue::Integer(-7)),
                text("say \"hi\"", SqlValue::Text(String::new())),
                text("x", SqlValue::Real(2.5)),
                text("primary", SqlValue::Null),
                text("z", SqlValue::Null),
            ]
        );
        assert!(columns("CREATE TABLE t(a INTEGER, b, PRIMARY KEY(a))")[0].2);
        assert!(!columns("CREATE TABLE t(a INT PRIMARY KEY, b)")[0].2, "only the type INTEGER is the row id");
        assert!(!columns("CREATE TABLE t(a TEXT, b, PRIMARY KEY(a, b))")[0].2);
        assert!(TableDefinition::parse("CREATE TABLE t(a PRIMARY KEY) WITHOUT ROWID").unwrap().is_without_row_ids);
        assert!(!TableDefinition::parse("CREATE TABLE t(without, rowid)").unwrap().is_without_row_ids);
        assert_eq!(TableDefinition::parse("CREATE TABLE t AS SELECT 1"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(sql in "(\\PC|[\\(\\),'\"\\[\\]/*-]){0,80}") {
            let _ = TableDefinition::parse(&sql);
        }
    }
}
