//! Prepares the assets for release builds: copies them and puts a brotli and a gzip form beside each.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    // rust-embed does not notice new files by itself.
    println!("cargo:rerun-if-changed=assets");
    println!("cargo:rerun-if-changed=seeds");
    println!("cargo:rerun-if-changed=build.rs");
    #[allow(clippy::disallowed_methods, reason = "cargo tells a build script where to write in no other way")]
    let target = PathBuf::from(std::env::var("OUT_DIR")?).join("assets");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    fs::create_dir_all(&target)?;
    for entry in fs::read_dir("assets")? {
        let source = entry?.path();
        let hidden = source.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if source.is_file() && !hidden {
            prepare(&source, &target)?;
        }
    }
    Ok(())
}

fn prepare(source: &Path, target: &Path) -> Result<(), Box<dyn Error>> {
    let name = source.file_name().ok_or("an asset without a name")?.to_string_lossy().into_owned();
    let plain = fs::read(source)?;
    fs::write(target.join(&name), &plain)?;

    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut plain.as_slice(), &mut brotli, &brotli::enc::BrotliEncoderParams::default())?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&plain)?;
    for (ending, packed) in [("br", brotli), ("gz", gzip.finish()?)] {
        if packed.len() < plain.len() {
            fs::write(target.join(format!("{name}.{ending}")), packed)?;
        }
    }
    Ok(())
}
