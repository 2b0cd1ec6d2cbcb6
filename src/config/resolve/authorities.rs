//! Files with certificate authorities.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

use super::resolver::Resolver;

/// A file with certificates cannot be used. The message continues "the file, which …".
#[derive(Debug, thiserror::Error)]
enum InvalidAuthorities {
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("is not a PEM file: {0:?}")]
    Pem(#[from] pem::Error),
    #[error("contains an unusable certificate: {0}")]
    Certificate(#[from] rustls::Error),
    #[error("contains no certificate")]
    Empty,
}

impl Resolver<'_> {
    /// The certificates in the file that `key` names, as DER; none if it is not set.
    pub(super) fn authorities(&mut self, key: &'static str) -> Option<Vec<Vec<u8>>> {
        let Some(name) = self.text(key) else { return Some(Vec::new()) };
        let path = self.raw.folder.join(name);
        match read_authorities(&path) {
            Ok(authorities) => Some(authorities),
            Err(invalid) => {
                self.report_invalid(key, format!("names {}, which {invalid}", path.display()));
                None
            }
        }
    }
}

fn read_authorities(path: &Path) -> Result<Vec<Vec<u8>>, InvalidAuthorities> {
    let pem = std::fs::read(path)?;
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>()?;
    for certificate in &certificates {
        RootCertStore::empty().add(certificate.clone())?;
    }
    if certificates.is_empty() {
        return Err(InvalidAuthorities::Empty);
    }
    Ok(certificates.iter().map(|certificate| certificate.to_vec()).collect())
}
