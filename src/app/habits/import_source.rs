//! The bytes of a file to import, also compressed with gzip or with the byte order mark of an editor.

use std::io::{self, BufReader, Cursor, Read};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

use crate::domain::habits::data_export::MAX_FILE_BYTES;
use crate::domain::text_repair::BYTE_ORDER_MARK;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// A file as it was sent. It can be read several times without keeping the decompressed text.
#[derive(Debug, Clone)]
pub struct ImportSource(Bytes);

impl ImportSource {
    pub fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    pub fn is_compressed(&self) -> bool {
        self.0.starts_with(GZIP_MAGIC)
    }

    /// The whole file, decompressed.
    ///
    /// # Errors
    /// [`io::ErrorKind::FileTooLarge`] past `limit`; the file cannot be decompressed.
    pub fn read_up_to(&self, limit: usize) -> io::Result<Bytes> {
        if !self.is_compressed() {
            return if self.0.len() > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(self.0.clone()) };
        }
        let mut bytes = Vec::new();
        LimitedReader { inner: MultiGzDecoder::new(&*self.0), left: limit }.read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }

    /// The JSON.
    ///
    /// # Errors
    /// The file cannot be decompressed. Reading returns [`io::ErrorKind::FileTooLarge`] past [`MAX_FILE_BYTES`].
    pub fn open(&self) -> io::Result<impl Read + '_> {
        let plain: Box<dyn Read + '_> =
            if self.is_compressed() { Box::new(MultiGzDecoder::new(&*self.0)) } else { Box::new(&*self.0) };
        let mut text = BufReader::new(LimitedReader { inner: plain, left: MAX_FILE_BYTES });
        let mut start = Vec::with_capacity(BYTE_ORDER_MARK.len());
        text.by_ref().take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut start)?;
        if start == BYTE_ORDER_MARK {
            start.clear();
        }
        Ok(Cursor::new(start).chain(text))
    }
}

/// SECURITY: a small compressed file can expand to a thousand times its size, so its end is not waited for.
struct LimitedReader<R> {
    inner: R,
    left: usize,
}

impl<R: Read> Read for LimitedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        ImportSource::new(bytes.into()).open()?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn a_file_is_the_same_compressed_and_with_a_byte_order_mark() {
        for text in ["", "1", "{}", "{\"a\":1}"] {
            let marked = format!("\u{FEFF}{text}");
            let twice = [gzip(marked.as_bytes()), gzip(b" ")].concat();
            for bytes in [text.into(), marked.clone().into_bytes(), gzip(text.as_bytes()), gzip(marked.as_bytes())] {
                assert_eq!(read(bytes).unwrap(), text.as_bytes());
            }
            assert_eq!(read(twice).unwrap(), format!("{text} ").as_bytes(), "appended files");
        }
    }

    #[test]
    fn a_truncated_file_and_one_that_expands_too_far_are_errors() {
        let whole = gzip(b"{\"schemaVersion\":1}");
        assert_eq!(read(whole[..whole.len() - 9].to_vec()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let small = gzip(" ".repeat(100_000).as_bytes());
        let mut limited = LimitedReader { inner: MultiGzDecoder::new(&*small), left: 99_999 };
        let error = io::copy(&mut limited, &mut io::sink()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
