//! How fast the served product is, as ratios against floors measured in the same run.

fn main() {}
