//! Every parser that reads what a stranger sends, fed with what nobody would send: none panics, none hangs, and what is
//! taken is shown again.

mod cost;
mod mutation;
mod parsers;
mod requests;
