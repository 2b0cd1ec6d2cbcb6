//! Third floor, beside the web: what an operator does.

pub mod approvals;
pub mod control;
pub mod fence;
pub mod mail;
pub mod migrations;
pub mod operations;
pub mod previews;
pub mod releases;
pub mod reset;
pub mod rollback;
pub mod seeds;
pub mod snapshots;
pub mod users;
pub mod verify;

/// Adds a part to an answer that is a JSON object.
pub fn set(answer: &mut serde_json::Value, name: &str, part: serde_json::Value) {
    if let Some(answer) = answer.as_object_mut() {
        answer.insert(name.to_owned(), part);
    }
}
