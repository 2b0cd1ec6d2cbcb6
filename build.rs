//! Prepares the assets: scripts name the modules they import by their public names, and a brotli and a gzip form is put
//! beside each file.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const SOURCE: &str = "assets";

fn main() -> Result<(), Box<dyn Error>> {
    // rust-embed does not notice new files by itself.
    println!("cargo:rerun-if-changed={SOURCE}");
    println!("cargo:rerun-if-changed=seeds");
    println!("cargo:rerun-if-changed=build.rs");
    #[allow(clippy::disallowed_methods, reason = "cargo tells a build script where to write in no other way")]
    let target = PathBuf::from(std::env::var("OUT_DIR")?).join("assets");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    fs::create_dir_all(&target)?;
    for entry in fs::read_dir(SOURCE)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && !name.starts_with('.') {
            prepare(&name, &content(&name)?, &target)?;
        }
    }
    Ok(())
}

/// An asset as it is sent. Modules that import each other in a circle have no names and never come to an end.
fn content(name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let bytes = fs::read(Path::new(SOURCE).join(name))?;
    if Path::new(name).extension().is_none_or(|ending| ending != "js") {
        return Ok(bytes);
    }
    let mut script = String::new();
    for line in String::from_utf8(bytes)?.split_inclusive('\n') {
        match line.trim_end().strip_suffix("\";").and_then(|line| line.rsplit_once("from \"./")) {
            Some((names, module)) if line.starts_with("import ") => {
                let (stem, ending) = module.rsplit_once('.').ok_or("a module without an ending")?;
                let public = format!("{stem}.{}.{ending}", short_hash(&content(module)?));
                writeln!(script, "{names}from \"./{public}\";")?;
            }
            _ => script.push_str(line),
        }
    }
    Ok(script.into_bytes())
}

/// As the pages name it: `pages/assets.rs`, where a test compares the two.
fn short_hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().take(6).fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"))
}

fn prepare(name: &str, plain: &[u8], target: &Path) -> Result<(), Box<dyn Error>> {
    fs::write(target.join(name), plain)?;
    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut &*plain, &mut brotli, &brotli::enc::BrotliEncoderParams::default())?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(plain)?;
    for (ending, packed) in [("br", brotli), ("gz", gzip.finish()?)] {
        if packed.len() < plain.len() {
            fs::write(target.join(format!("{name}.{ending}")), packed)?;
        }
    }
    Ok(())
}
