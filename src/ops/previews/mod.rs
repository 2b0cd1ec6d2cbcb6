//! Previews: short-lived environments, one per branch. Each is a folder below `data/preview` with a record and a data file,
//! and nothing anywhere else.
//!
//! | file | subject |
//! |---|---|
//! | `registry` | creating, listing, destroying and pruning |
//! | `lifecycle` | what a server does with previews |
//! | `proxy` | configuration for Caddy and nginx |

mod error;
mod lifecycle;
mod proxy;
mod registry;

pub use error::Error;
pub use lifecycle::{keep_pruning, require_created, seed_on_first_start};
pub use proxy::{Proxy, ProxyRoute, proxy_configuration};
pub use registry::{DestroyedPreview, NewPreview, PreviewState, Previews};
