//! What a plugin may use: limits, grants, and the account of the device memory that its handles keep alive.

pub(crate) mod grants;
pub(crate) mod ledger;
pub(crate) mod limits;
pub(crate) mod memory;
