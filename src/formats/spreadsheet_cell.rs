//! Cells of tables that a spreadsheet opens.

use std::borrow::Cow;

/// SECURITY: a spreadsheet executes a cell that begins with one of these characters as a formula. An apostrophe makes it text
/// (OWASP, "CSV Injection"). The wide forms are executed where East Asian input methods write them.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The cell as text, never a formula.
pub fn guard(cell: &str) -> Cow<'_, str> {
    let is_guarded = cell.strip_prefix('\'').is_some_and(|rest| rest.starts_with(FORMULA_STARTS));
    if cell.starts_with(FORMULA_STARTS) || is_guarded { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// The cell as it was before [`guard`].
pub fn strip_guard(cell: &str) -> &str {
    let bare = cell.strip_prefix('\'').filter(|rest| rest.trim_start_matches('\'').starts_with(FORMULA_STARTS));
    bare.unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarded_cell_is_text_and_comes_back() {
        for cell in ["=1+1", "+1", "@x", "'=1", "plain", "'quoted'", "", "＝1", "it's"] {
            assert!(!guard(cell).starts_with(FORMULA_STARTS), "{cell}");
            assert_eq!(strip_guard(&guard(cell)), cell);
        }
    }
}
