//! Prepares the assets, and says how the binary is linked. Scripts name the modules they import by their public names, and a
//! brotli and a gzip form is put beside each file.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

const SOURCE: &str = "assets";

fn main() -> Result<(), Box<dyn Error>> {
    link_small();
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

/// Lets the linker fold functions that came out alike, and write addresses to be filled in at the start in their short form
/// (two thirds of a megabyte less). Only where both are known to work: the linker is the one that comes with Rust, and the C
/// library of this machine reads the short form (glibc 2.36, of 2022). Anywhere else the binary is merely larger.
fn link_small() {
    #[allow(clippy::disallowed_methods, reason = "cargo tells a build script about the build in no other way")]
    let told = |name: &str| std::env::var(name).unwrap_or_default();
    let is_ours = told("RUSTC_LINKER").is_empty() && told("CARGO_ENCODED_RUSTFLAGS").is_empty();
    let is_usual = told("TARGET") == "x86_64-unknown-linux-gnu" && told("HOST") == told("TARGET");
    if told("PROFILE") != "release" || !is_usual || !is_ours {
        return;
    }
    println!("cargo:rustc-link-arg-bins=-Wl,--icf=all");
    if glibc().is_some_and(|version| version >= (2, 36)) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's C library, where it is glibc.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let (major, minor) = std::str::from_utf8(&said.stdout).ok()?.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
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
