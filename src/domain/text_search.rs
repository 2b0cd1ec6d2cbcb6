//! Searching text that users wrote: without regard to case and diacritics, so that "café" is found by "CAFE".

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// A longer search is cut.
const MAX_SEARCH_CHARS: usize = 200;

/// The words of a search, of which a text must contain all, in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSearch {
    /// Folded, and none of them empty.
    words: Vec<String>,
}

impl TextSearch {
    /// Splits what was typed into words; `None` when there is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text: String = text.chars().take(MAX_SEARCH_CHARS).collect();
        let words = text.split_whitespace().map(|word| FoldedText::new(word).text);
        let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
        (!words.is_empty()).then_some(Self { words })
    }

    pub fn matches(&self, text: &str) -> bool {
        let folded = FoldedText::new(text).text;
        self.words.iter().all(|word| folded.contains(word))
    }

    /// Where words of the search are in `text`, in order and apart from each other.
    pub fn find_in(&self, text: &str) -> Vec<Range<usize>> {
        let folded = FoldedText::new(text);
        let mut found: Vec<Range<usize>> = Vec::new();
        for word in &self.words {
            let matches = folded.text.match_indices(word.as_str());
            found.extend(matches.map(|(at, _)| folded.source(at..at + word.len())));
        }
        found.sort_by_key(|range| range.start);
        found.dedup_by(|next, before| {
            let touches = next.start <= before.end;
            before.end = if touches { before.end.max(next.end) } else { before.end };
            touches
        });
        found
    }
}

/// A text in lower case and without diacritics.
struct FoldedText {
    text: String,
    /// For each byte of `text`, the character of the source that it comes from: where that begins.
    origins: Vec<usize>,
    source_len: usize,
}

impl FoldedText {
    fn new(source: &str) -> Self {
        let mut folded = Self {
            text: String::with_capacity(source.len()),
            origins: Vec::with_capacity(source.len()),
            source_len: source.len(),
        };
        for (at, c) in source.char_indices() {
            if c.is_ascii() {
                folded.push(c.to_ascii_lowercase(), at);
            } else {
                let bases = std::iter::once(c).nfd().filter(|part| !is_diacritic(*part));
                bases.flat_map(char::to_lowercase).for_each(|base| folded.push(base, at));
            }
        }
        folded
    }

    fn push(&mut self, c: char, origin: usize) {
        self.text.push(c);
        self.origins.resize(self.text.len(), origin);
    }

    /// The part of the source that a part of the folded text comes from: whole characters, with their diacritics.
    fn source(&self, part: Range<usize>) -> Range<usize> {
        let start = self.origins.get(part.start).copied().unwrap_or(self.source_len);
        let last = part.end.checked_sub(1).and_then(|at| self.origins.get(at)).copied().unwrap_or(start);
        let next = self.origins.iter().skip(part.end).find(|origin| **origin > last);
        start..next.copied().unwrap_or(self.source_len)
    }
}

/// Accents of Latin, Greek and Cyrillic letters, and the vowel signs that Hebrew and Arabic can do without. The marks of other
/// scripts make other letters.
fn is_diacritic(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0591}'..='\u{05C7}' | '\u{064B}'..='\u{065F}' | '\u{0670}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found<'a>(search: &str, text: &'a str) -> Vec<&'a str> {
        TextSearch::parse(search).unwrap().find_in(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn case_and_diacritics_make_no_difference() {
        for (search, text) in [
            ("CAFE", "A café."),
            ("café", "Cafe"),
            ("uber", "Übermut"),
            ("istanbul", "İstanbul"),
            ("ελλαδα", "Ελλάδα"),
            ("שלום", "שָׁלוֹם"),
            ("tief Run", "Running, tiefer"),
        ] {
            assert!(TextSearch::parse(search).unwrap().matches(text), "{search} in {text}");
        }
        assert!(!TextSearch::parse("が").unwrap().matches("か"), "another letter");
        assert!(!TextSearch::parse("run swim").unwrap().matches("run"), "every word is needed");
        assert_eq!((TextSearch::parse(" \u{301} \n"), TextSearch::parse("")), (None, None));
    }

    #[test]
    fn matches_are_whole_characters_and_never_overlap() {
        assert_eq!(found("cafe", "Cafe\u{301} CAFÉ"), ["Cafe\u{301}", "CAFÉ"]);
        assert_eq!(found("aba bab", "xababx aba"), ["abab", "aba"]);
        assert_eq!(found("하", "한국"), ["한"], "the beginning of a syllable");
    }

    proptest! {
        #[test]
        fn any_search_in_any_text_finds_parts_of_it(search in "\\PC{0,12}", text in "\\PC{0,80}") {
            let Some(search) = TextSearch::parse(&search) else { return Ok(()) };
            let found = search.find_in(&text);
            prop_assert!(found.windows(2).all(|pair| pair[0].end < pair[1].start));
            prop_assert!(found.iter().all(|range| !text[range.clone()].is_empty()));
            prop_assert!(!search.matches(&text) || !found.is_empty());
        }

        #[test]
        fn a_part_of_a_text_is_found(before in "\\PC{0,20}", word in "[a-zA-Zäéñ]{1,9}", after in "\\PC{0,20}") {
            let text = format!("{before}{word}{after}");
            let search = TextSearch::parse(&word.to_uppercase()).unwrap();
            prop_assert!(search.matches(&text));
            let range = before.len()..before.len() + word.len();
            prop_assert!(search.find_in(&text).iter().any(|found| found.start <= range.start && range.end <= found.end));
        }
    }
}
