//! The installed app: manifest, service worker and offline page.

pub mod html;
pub mod view;
