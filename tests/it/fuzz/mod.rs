//! Fuzz tests of every parser that reads untrusted input: none panics, none hangs, and accepted input can be displayed.

mod cost;
mod markdown;
mod mutation;
mod parsers;
mod requests;
