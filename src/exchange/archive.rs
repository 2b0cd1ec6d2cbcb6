//! Zip files, read with limits.
//!
//! SECURITY: a zip file of kilobytes can expand to gigabytes, and its entries may overlap, so all entries together have one limit.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::exchange::error::ExchangeError;

/// The magic bytes of a zip file.
pub const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// Loop writes two entries for every habit.
const MAX_ENTRIES: usize = 10_000;
/// What all entries that are read may expand to.
pub const MAX_EXPANDED_BYTES: usize = 32 << 20;

/// A zip file in memory.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    left: usize,
}

impl<'a> Archive<'a> {
    /// Reads the list of entries. Those that are read may expand to [`MAX_EXPANDED_BYTES`] in all, or another limit.
    ///
    /// # Errors
    /// [`ExchangeError::Zip`]; [`ExchangeError::ZipTooLarge`] for too many entries.
    pub fn open(bytes: &'a [u8], max_expanded_bytes: usize) -> Result<Self, ExchangeError> {
        let zip = ZipArchive::new(Cursor::new(bytes))?;
        if zip.len() > MAX_ENTRIES {
            Err(ExchangeError::ZipTooLarge)
        } else {
            Ok(Self { zip, left: max_expanded_bytes })
        }
    }

    /// The names of all entries, with their folders.
    pub fn names(&self) -> Vec<String> {
        self.zip.file_names().map(|name| name.map_or_else(|_| String::new(), Into::into)).collect()
    }

    /// Whether an entry in any folder has this name.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The content of the first entry with this name, in any folder.
    ///
    /// # Errors
    /// [`ExchangeError`].
    pub fn read(&mut self, name: &'static str) -> Result<Vec<u8>, ExchangeError> {
        let path = self.find(name).ok_or(ExchangeError::Missing(name))?;
        self.read_path(&path)
    }

    /// The content of the entry with this whole name.
    ///
    /// # Errors
    /// [`ExchangeError`].
    pub fn read_path(&mut self, path: &str) -> Result<Vec<u8>, ExchangeError> {
        let entry = self.zip.by_name(path)?;
        let mut content = Vec::new();
        let limit = u64::try_from(self.left).unwrap_or(u64::MAX);
        entry.take(limit + 1).read_to_end(&mut content)?;
        self.left = self.left.checked_sub(content.len()).ok_or(ExchangeError::ZipTooLarge)?;
        Ok(content)
    }

    fn find(&self, name: &str) -> Option<String> {
        let is_named = |path: &String| path.rsplit('/').next() == Some(name);
        self.names().into_iter().filter(is_named).min_by_key(|path| path.matches('/').count())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(entries: &[(&str, usize)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, length) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(&vec![b'0'; *length]).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn all_entries_together_have_one_limit() {
        let bytes = archive(&[("a.csv", 60_000), ("folder/b.csv", 60_000), ("b.csv", 3)]);
        assert!(bytes.len() < 1_000, "it expands");
        let mut archive = Archive::open(&bytes, 100_000).unwrap();
        assert_eq!(archive.read("a.csv").unwrap().len(), 60_000);
        assert_eq!(archive.read("b.csv").unwrap().len(), 3, "the one in no folder");
        assert!(matches!(archive.read_path("folder/b.csv"), Err(ExchangeError::ZipTooLarge)));
        assert!(matches!(archive.read("c.csv"), Err(ExchangeError::Missing("c.csv"))));
    }

    #[test]
    fn an_archive_cut_anywhere_is_an_error() {
        let bytes = archive(&[("a.csv", 600), ("b.csv", 60)]);
        for end in 0..bytes.len() {
            assert!(Archive::open(&bytes[..end], 1_000).is_err(), "{end}");
        }
    }
}
