//! Decoded rows kept in memory: `row_cache` holds them, `lru` bounds them.

mod lru;
pub mod row_cache;
