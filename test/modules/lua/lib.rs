//! Cargo asks every package for a target. This one is never compiled: see Cargo.toml.
