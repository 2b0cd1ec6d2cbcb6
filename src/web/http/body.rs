//! Reads request bodies. Size and time are limited before anything is parsed.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use warp::http::HeaderMap;
use warp::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use crate::domain::text_repair::strip_byte_order_mark;
use crate::web::http::error::HttpError;
use crate::web::http::media_type::{JSON_FILE_TYPES, content_type, media_type};

/// A request body, chunk by chunk.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>>;

/// The largest form or JSON body, unless a route sets another limit.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The limits of a body.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit {
    pub max_bytes: usize,
    /// The whole body must arrive within this time, and as much longer as it takes at [`MIN_BYTES_PER_SECOND`].
    pub timeout: Duration,
}

/// A phone with a bad connection uploads at least this fast.
const MIN_BYTES_PER_SECOND: u64 = 16 * 1024;

/// The fields of a form or a query, in the order they were sent.
#[derive(Debug, Default, Clone)]
pub struct FormFields(Vec<(String, String)>);

impl FormFields {
    /// Parses `a=1&b=2`. This never fails: bytes that are not UTF-8 become the replacement character.
    pub fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// The first value of a field, or an empty string.
    pub fn get(&self, name: &str) -> &str {
        self.maybe(name).unwrap_or("")
    }

    /// The first value of a field, if it was sent.
    pub fn maybe(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a posted form.
pub async fn read_form(headers: &HeaderMap, mut body: Option<Body>, limit: BodyLimit) -> Result<FormFields, HttpError> {
    require_content_type(headers, "application/x-www-form-urlencoded")?;
    Ok(FormFields::parse(&read(headers, body.as_mut(), limit).await?))
}

/// Whether the body is a form.
pub fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|sent| sent.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// Reads a body of any type.
pub async fn read_bytes(headers: &HeaderMap, mut body: Option<Body>, limit: BodyLimit) -> Result<Bytes, HttpError> {
    read(headers, body.as_mut(), limit).await
}

/// Reads a file of JSON that is sent as the body, also compressed with gzip. The caller decompresses it, within its own limit.
pub async fn read_json_file(headers: &HeaderMap, mut body: Option<Body>, limit: BodyLimit) -> Result<Bytes, HttpError> {
    if !media_type(headers).is_some_and(|sent| JSON_FILE_TYPES.iter().any(|media| sent.eq_ignore_ascii_case(media))) {
        return Err(HttpError::unsupported_media_type(headers, "application/json"));
    }
    let encoding = headers.get(CONTENT_ENCODING).map_or("identity", |value| value.to_str().unwrap_or_default());
    if !["identity", "gzip", "x-gzip"].iter().any(|known| encoding.eq_ignore_ascii_case(known)) {
        return Err(HttpError::UnsupportedEncoding);
    }
    read(headers, body.as_mut(), limit).await
}

/// A form with a file.
#[derive(Debug, Default)]
pub struct Upload {
    pub fields: FormFields,
    /// The content of the file; empty if none was chosen.
    pub file: Bytes,
}

/// Reads a posted form with a file. The limit applies to the file alone.
pub async fn read_upload(headers: &HeaderMap, mut body: Option<Body>, limit: BodyLimit) -> Result<Upload, HttpError> {
    require_content_type(headers, "multipart/form-data")?;
    let unreadable = |_| HttpError::Malformed("The form can't be read.".to_owned());
    let boundary = multer::parse_boundary(content_type(headers)).map_err(unreadable)?;
    let whole = BodyLimit { max_bytes: limit.max_bytes + MAX_BODY_BYTES, ..limit };
    let bytes = read(headers, body.as_mut(), whole).await?;
    let mut upload = Upload::default();
    let mut parts = multer::Multipart::new(stream::iter([Ok::<_, Infallible>(bytes)]), boundary);
    while let Some(part) = parts.next_field().await.map_err(unreadable)? {
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let content = part.bytes().await.map_err(unreadable)?;
        if content.len() > limit.max_bytes {
            return Err(HttpError::PayloadTooLarge);
        }
        if is_file {
            upload.file = content;
        } else {
            upload.fields.0.push((name, String::from_utf8_lossy(&content).into_owned()));
        }
    }
    Ok(upload)
}

/// Reads a JSON body. The error names a missing field.
pub async fn read_json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Option<Body>,
    limit: BodyLimit,
) -> Result<T, HttpError> {
    parse_json(&read_json_bytes(headers, body, limit).await?)
}

/// Reads a JSON body without parsing it.
pub async fn read_json_bytes(
    headers: &HeaderMap,
    mut body: Option<Body>,
    limit: BodyLimit,
) -> Result<Bytes, HttpError> {
    require_content_type(headers, "application/json")?;
    read(headers, body.as_mut(), limit).await
}

/// Reads a JSON body whose fields are all optional. An empty body gives the default.
pub async fn read_maybe_json<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    mut body: Option<Body>,
    limit: BodyLimit,
) -> Result<T, HttpError> {
    let bytes = read(headers, body.as_mut(), limit).await?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    require_content_type(headers, "application/json")?;
    parse_json(&bytes)
}

/// Parses JSON.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, HttpError> {
    // SECURITY: serde_json refuses more than 127 levels of arrays and objects, so that no body exhausts the stack.
    serde_json::from_slice(strip_byte_order_mark(bytes)).map_err(|error| HttpError::Malformed(describe(&error)))
}

/// The message of serde without the values that it quotes.
pub fn describe(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => {
            let text = error.to_string();
            let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
            match missing {
                Some((field, _)) => format!("The field “{field}” is missing."),
                None => format!(
                    "The JSON doesn't have the expected structure (line {}, column {}).",
                    error.line(),
                    error.column()
                ),
            }
        }
        _ => format!("This isn't valid JSON (line {}, column {}).", error.line(), error.column()),
    }
}

fn require_content_type(headers: &HeaderMap, media: &'static str) -> Result<(), HttpError> {
    // SECURITY: compressed bodies are refused, so that no small body expands to a huge one.
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(HttpError::UnsupportedEncoding);
    }
    if media_type(headers).is_some_and(|sent| sent.eq_ignore_ascii_case(media)) {
        return Ok(());
    }
    Err(HttpError::unsupported_media_type(headers, media))
}

async fn read(headers: &HeaderMap, body: Option<&mut Body>, limit: BodyLimit) -> Result<Bytes, HttpError> {
    let content_length =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    if content_length.is_some_and(|length: usize| length > limit.max_bytes) {
        return Err(HttpError::PayloadTooLarge);
    }
    let Some(body) = body else { return Ok(Bytes::new()) };
    let (mut bytes, mut deadline) = (BytesMut::new(), Instant::now() + limit.timeout);
    loop {
        let next = tokio::time::timeout_at(deadline, body.next());
        let Some(chunk) = next.await.map_err(|_| HttpError::RequestTimeout)? else { return Ok(bytes.freeze()) };
        let chunk = chunk.map_err(|_| HttpError::Malformed("The body ended early.".to_owned()))?;
        if bytes.len() + chunk.len() > limit.max_bytes {
            return Err(HttpError::PayloadTooLarge);
        }
        bytes.extend_from_slice(&chunk);
        deadline += Duration::from_millis(chunk.len() as u64 * 1_000 / MIN_BYTES_PER_SECOND);
    }
}
