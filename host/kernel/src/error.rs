use std::{io, path::PathBuf};

/// Why a kernel cannot run, or cannot be installed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The connection file is no use.
    #[error("the connection file {}: {why}", .file.display())]
    Connection {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A port is taken, or the address is not this machine's.
    #[error("the kernel cannot listen on {address} for {channel}: {source}")]
    Listen {
        /// The channel, for example `shell`.
        channel: &'static str,
        /// Address and port.
        address: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The system refused a thread, a timer or randomness.
    #[error("the kernel cannot start: {0}")]
    System(String),
    /// A kernelspec cannot be written or removed.
    #[error("{} {}: {why}", .doing, .folder.display())]
    Kernelspec {
        /// For example `cannot write the kernelspec`.
        doing: &'static str,
        /// Its folder.
        folder: PathBuf,
        /// What stood in the way.
        why: String,
    },
}
