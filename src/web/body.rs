//! Reading bodies: bounded in size and time before anything is parsed.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use serde::de::DeserializeOwned;
use warp::http::HeaderMap;
use warp::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};

use super::failure::Failure;

/// The body as it arrives.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>>;

/// Largest form or JSON body in bytes, where a route says nothing else.
pub const USUAL: usize = 64 * 1024;

/// What a body may cost.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Most bytes.
    pub bytes: usize,
    /// Longest time to arrive.
    pub patience: Duration,
}

/// Named values in the order they were sent.
#[derive(Debug, Default, Clone)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `a=1&b=2`. Anything can be read that way; bytes that are no text become the replacement character.
    pub fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// The value of a field, blank when it was not sent. Of a field sent twice, the first counts.
    pub fn get(&self, name: &str) -> &str {
        self.maybe(name).unwrap_or("")
    }

    /// The value of a field, if it was sent.
    pub fn maybe(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a posted form within its allowance.
pub async fn form(headers: &HeaderMap, mut body: Option<Body>, allowance: Allowance) -> Result<Fields, Failure> {
    demand(headers, "application/x-www-form-urlencoded")?;
    Ok(Fields::parse(&read(headers, body.as_mut(), allowance).await?))
}

/// Reads a body of any kind within its allowance.
pub async fn raw(headers: &HeaderMap, mut body: Option<Body>, allowance: Allowance) -> Result<Bytes, Failure> {
    read(headers, body.as_mut(), allowance).await
}

/// A form with a file.
#[derive(Debug, Default)]
pub struct Upload {
    /// The fields beside the file.
    pub fields: Fields,
    /// What is in the file; nothing when none was chosen.
    pub file: Bytes,
}

/// Reads a posted form with one file, which may have the bytes of the allowance.
pub async fn upload(headers: &HeaderMap, mut body: Option<Body>, allowance: Allowance) -> Result<Upload, Failure> {
    demand(headers, "multipart/form-data")?;
    let unreadable = |_| Failure::Malformed("The form cannot be read.".to_owned());
    let boundary = multer::parse_boundary(sent_as(headers)).map_err(unreadable)?;
    let whole = Allowance { bytes: allowance.bytes + USUAL, ..allowance };
    let bytes = match read(headers, body.as_mut(), whole).await {
        Err(Failure::TooLarge) => {
            discard(body, allowance.patience).await;
            return Err(Failure::TooLarge);
        }
        read => read?,
    };
    let mut upload = Upload::default();
    let mut parts = multer::Multipart::new(stream::iter([Ok::<_, Infallible>(bytes)]), boundary);
    while let Some(part) = parts.next_field().await.map_err(unreadable)? {
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let content = part.bytes().await.map_err(unreadable)?;
        if content.len() > allowance.bytes {
            return Err(Failure::TooLarge);
        }
        if is_file {
            upload.file = content;
        } else {
            upload.fields.0.push((name, String::from_utf8_lossy(&content).into_owned()));
        }
    }
    Ok(upload)
}

/// Most bytes that are taken only to be thrown away.
const DISCARDED: usize = 64 << 20;

/// Takes the rest of a body that is too large. Browsers show no answer before they have sent everything, and somebody who
/// picked a wrong file should read why it was not taken.
async fn discard(body: Option<Body>, patience: Duration) {
    let Some(mut body) = body else { return };
    let rest = async {
        let mut taken = 0;
        while let (true, Some(Ok(chunk))) = (taken < DISCARDED, body.next().await) {
            taken += chunk.len();
        }
    };
    let _ = tokio::time::timeout(patience, rest).await;
}

/// Reads a JSON body. The error names the field, which the sender wrote.
pub async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    mut body: Option<Body>,
    allowance: Allowance,
) -> Result<T, Failure> {
    demand(headers, "application/json")?;
    parse(&read(headers, body.as_mut(), allowance).await?)
}

/// The same where every field may be left out: then the body may be left out, too.
pub async fn maybe_json<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    mut body: Option<Body>,
    allowance: Allowance,
) -> Result<T, Failure> {
    let bytes = read(headers, body.as_mut(), allowance).await?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    demand(headers, "application/json")?;
    parse(&bytes)
}

/// Parses JSON.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    // SECURITY: serde_json reads 127 levels of arrays and objects and refuses the 128th, so that no body eats up the stack.
    serde_json::from_slice(bytes).map_err(|error| Failure::Malformed(explain(&error)))
}

/// What serde says about the shape, without the values it quotes.
fn explain(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => {
            let text = error.to_string();
            let about = text.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
            match about {
                Some((field, _)) => format!("The field “{field}” is missing."),
                None => format!(
                    "The JSON does not have the expected shape (line {}, column {}).",
                    error.line(),
                    error.column()
                ),
            }
        }
        _ => format!("This is not JSON (line {}, column {}).", error.line(), error.column()),
    }
}

fn demand(headers: &HeaderMap, media: &str) -> Result<(), Failure> {
    let essence = sent_as(headers).split(';').next().unwrap_or("").trim();
    // SECURITY: no decompression, so no bombs.
    if !essence.eq_ignore_ascii_case(media) || headers.contains_key(CONTENT_ENCODING) {
        return Err(Failure::UnsupportedMedia);
    }
    Ok(())
}

fn sent_as(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("")
}

async fn read(headers: &HeaderMap, body: Option<&mut Body>, allowance: Allowance) -> Result<Bytes, Failure> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    if declared.is_some_and(|length: usize| length > allowance.bytes) {
        return Err(Failure::TooLarge);
    }
    let Some(body) = body else { return Ok(Bytes::new()) };
    let whole = async {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| Failure::Malformed("The body ended early.".to_owned()))?;
            if bytes.len() + chunk.len() > allowance.bytes {
                return Err(Failure::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    };
    tokio::time::timeout(allowance.patience, whole).await.unwrap_or(Err(Failure::TooSlow))
}
