//! Assets, embedded in the binary. Their public names contain a hash of their content.
//!
//! The build script puts the public names of modules into the scripts that import them, and compresses the files. Every build
//! profile embeds the same files.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use rust_embed::Embed;

/// Each asset, with `<name>.br` and `<name>.gz` if they are smaller.
#[derive(Embed)]
#[folder = "$OUT_DIR/assets/"]
struct Files;

/// An asset with its content codings.
pub struct Asset {
    pub plain: Cow<'static, [u8]>,
    pub brotli: Option<Cow<'static, [u8]>>,
    pub gzip: Option<Cow<'static, [u8]>>,
    pub media_type: &'static str,
    /// The hash in the public name.
    pub hash: String,
}

/// The asset with that name in `assets/`.
pub fn find(name: &str) -> Option<Asset> {
    let file = Files::get(name)?;
    let media_type = media_type(name)?;
    Some(Asset {
        hash: short_hash(&file.metadata.sha256_hash()),
        plain: file.data,
        brotli: Files::get(&format!("{name}.br")).map(|file| file.data),
        gzip: Files::get(&format!("{name}.gz")).map(|file| file.data),
        media_type,
    })
}

/// The public address of every asset by its name: `/assets/app.1f2e3d4c5b6a.css` for `app.css`.
pub fn addresses() -> &'static BTreeMap<String, String> {
    static ADDRESSES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let pairs = Files::iter().filter_map(|name| {
            let (asset, (stem, extension)) = (find(&name)?, name.rsplit_once('.')?);
            Some((name.to_string(), format!("/assets/{stem}.{}.{extension}", asset.hash)))
        });
        pairs.collect()
    });
    &ADDRESSES
}

/// The public address of an asset. A test checks that every asset that a page uses exists.
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

/// `None` for files that are not served by themselves, such as compressed ones.
fn media_type(name: &str) -> Option<&'static str> {
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
    fn a_public_name_contains_the_hash_of_its_asset() {
        assert_eq!(address("app.css"), format!("/assets/app.{}.css", find("app.css").unwrap().hash));
        assert!(find("../Cargo.toml").is_none() && find("app.css.br").is_none());
    }

    #[test]
    fn compressed_assets_decompress_to_the_plain_asset() {
        use std::io::Read;
        let folder = std::path::Path::new(concat!(env!("OUT_DIR"), "/assets"));
        for name in ["app.css", "app.js"] {
            let source = find(name).unwrap().plain;
            assert_eq!(*std::fs::read(folder.join(name)).unwrap(), *source);
            let read = |extension| std::fs::read(folder.join(format!("{name}.{extension}"))).unwrap();
            let (brotli, gzip) = (read("br"), read("gz"));
            assert!(brotli.len() < gzip.len() && gzip.len() < source.len());
            let mut decompressed = Vec::new();
            flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut decompressed).unwrap();
            assert_eq!(*decompressed, *source);
            decompressed.clear();
            brotli::BrotliDecompress(&mut brotli.as_slice(), &mut decompressed).unwrap();
            assert_eq!(*decompressed, *source);
        }
    }
}
