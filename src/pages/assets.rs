//! Assets: embedded in the binary under names that carry a hash of their content.
//!
//! The build script has put the public names of modules into the scripts that import them, and compressed everything
//! ahead; every kind of build embeds the same files.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use rust_embed::Embed;

/// For each asset the plain file, and `<name>.br` and `<name>.gz` where they are smaller.
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

/// The public address of every asset by its own name: `/assets/app.1f2e3d4c5b6a.css` for `app.css`.
pub fn addresses() -> &'static BTreeMap<String, String> {
    static ADDRESSES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let known = Files::iter().filter_map(|name| {
            let (asset, (stem, ending)) = (find(&name)?, name.rsplit_once('.')?);
            Some((name.to_string(), format!("/assets/{stem}.{}.{ending}", asset.hash)))
        });
        known.collect()
    });
    &ADDRESSES
}

/// The public address of an asset. A missing asset has none that leads anywhere: a test walks the names that pages use.
pub fn address(name: &str) -> &'static str {
    addresses().get(name).map_or("/assets/missing", String::as_str)
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
        "png" => "image/png",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_name_holds_the_hash_of_its_asset() {
        assert_eq!(address("app.css"), format!("/assets/app.{}.css", find("app.css").unwrap().hash));
        assert!(find("../Cargo.toml").is_none() && find("app.css.br").is_none());
    }

    #[test]
    fn what_the_build_prepared_unpacks_to_the_asset() {
        use std::io::Read;
        let folder = std::path::Path::new(concat!(env!("OUT_DIR"), "/assets"));
        for name in ["app.css", "app.js"] {
            let source = find(name).unwrap().plain;
            assert_eq!(*std::fs::read(folder.join(name)).unwrap(), *source);
            let packed = |ending| std::fs::read(folder.join(format!("{name}.{ending}"))).unwrap();
            let (brotli, gzip) = (packed("br"), packed("gz"));
            assert!(brotli.len() < gzip.len() && gzip.len() < source.len());
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut unpacked).unwrap();
            assert_eq!(*unpacked, *source);
            unpacked.clear();
            brotli::BrotliDecompress(&mut brotli.as_slice(), &mut unpacked).unwrap();
            assert_eq!(*unpacked, *source);
        }
    }
}
