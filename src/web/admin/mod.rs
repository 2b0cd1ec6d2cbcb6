//! The admin pages and their JSON. The table of routes admits only admins.
//!
//! One folder for each page, with `html` and `view`; [`api`] is the JSON of all of them. [`list_query`] reads the filters and the
//! cursor of a list, [`confirm`] asks who it is before changes and exports, [`csv_table`] writes exports, and [`view`] is what the pages share.

pub mod activity;
pub mod api;
pub mod configuration;
pub mod confirm;
mod csv_table;
pub mod habits;
pub mod handbook;
mod list_query;
pub mod mail;
pub mod overview;
pub mod snapshots;
pub mod users;
pub mod view;
