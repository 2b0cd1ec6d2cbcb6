//! Assets: embedded in the binary under names that carry a hash of their content.
//!
//! In debug builds they are read from `assets/` at every request, so a designer sees a change on reload. In release
//! builds the build script has compressed them ahead.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use rust_embed::Embed;

#[cfg(debug_assertions)]
#[derive(Embed)]
#[folder = "assets/"]
#[exclude = ".*"]
struct Files;

/// For each asset the plain file, and `<name>.br` and `<name>.gz` where they are smaller.
#[cfg(not(debug_assertions))]
#[derive(Embed)]
#[folder = "$OUT_DIR/assets/"]
struct Files;

/// One asset, in every form it can be sent.
pub struct Asset {
    /// Its content.
    pub plain: Cow<'static, [u8]>,
    /// Compressed with brotli, when that was prepared.
    pub brotli: Option<Cow<'static, [u8]>>,
    /// Compressed with gzip, when that was prepared.
    pub gzip: Option<Cow<'static, [u8]>>,
    /// Its media type.
    pub media: &'static str,
    /// The hash in its public name.
    pub hash: String,
}

/// The asset with that name in `assets/`.
pub fn find(name: &str) -> Option<Asset> {
    let file = Files::get(name)?;
    let media = media(name)?;
    Some(Asset {
        hash: short_hash(&file.metadata.sha256_hash()),
        plain: file.data,
        brotli: Files::get(&format!("{name}.br")).map(|file| file.data),
        gzip: Files::get(&format!("{name}.gz")).map(|file| file.data),
        media,
    })
}

/// The public address of an asset: `/assets/app.1f2e3d4c5b6a.css` for `app.css`.
///
/// In release builds assets never change, so their addresses are worked out once.
pub fn address(name: &str) -> Cow<'static, str> {
    static KNOWN: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let names = Files::iter().filter(|name| media(name).is_some());
        names.map(|name| (name.to_string(), work_out(&name))).collect()
    });
    match KNOWN.get(name) {
        Some(address) if !cfg!(debug_assertions) => Cow::Borrowed(address),
        _ => Cow::Owned(work_out(name)),
    }
}

fn work_out(name: &str) -> String {
    match (find(name), name.rsplit_once('.')) {
        (Some(asset), Some((stem, ending))) => format!("/assets/{stem}.{}.{ending}", asset.hash),
        // A page that names a missing asset shows it at once: a test walks the names used.
        _ => format!("/assets/{name}"),
    }
}

/// Takes a public name apart into the asset's own name and the hash it was asked for with.
pub fn unhashed(public: &str) -> Option<(String, &str)> {
    let (rest, ending) = public.rsplit_once('.')?;
    let (stem, hash) = rest.rsplit_once('.')?;
    Some((format!("{stem}.{ending}"), hash))
}

fn short_hash(sha256: &[u8; 32]) -> String {
    use std::fmt::Write;
    sha256.iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Only what is meant to be served has a media type.
fn media(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml; charset=utf-8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_name_leads_back_to_its_asset() {
        let address = address("app.css");
        let (name, hash) = unhashed(address.strip_prefix("/assets/").unwrap()).unwrap();
        assert_eq!((name.as_str(), hash), ("app.css", find("app.css").unwrap().hash.as_str()));
        assert!(find("../Cargo.toml").is_none() && find("app.css.br").is_none());
    }

    #[test]
    fn what_the_build_prepared_unpacks_to_the_asset() {
        use std::io::Read;
        let folder = std::path::Path::new(concat!(env!("OUT_DIR"), "/assets"));
        for name in ["app.css", "app.js"] {
            let source = std::fs::read(format!("assets/{name}")).unwrap();
            assert_eq!(std::fs::read(folder.join(name)).unwrap(), source);
            let packed = |ending| std::fs::read(folder.join(format!("{name}.{ending}"))).unwrap();
            let (brotli, gzip) = (packed("br"), packed("gz"));
            assert!(brotli.len() < gzip.len() && gzip.len() < source.len());
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, source);
            unpacked.clear();
            brotli::BrotliDecompress(&mut brotli.as_slice(), &mut unpacked).unwrap();
            assert_eq!(unpacked, source);
        }
    }
}
