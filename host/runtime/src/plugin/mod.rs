//! From the bytes of a file to a plugin that can run: encoded, checked against the contract, compiled, described.

pub(crate) mod cache;
pub(crate) mod contract;
pub(crate) mod description;
pub(crate) mod encode;
pub(crate) mod library;
pub(crate) mod load;
pub(crate) mod settings;
