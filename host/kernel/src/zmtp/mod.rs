//! The four kinds of ZeroMQ sockets that a kernel binds, over TCP.
//!
//! The crate `zeromq` would hold up to 200,000 messages of any size for a front end that reads slowly, and drop the end of a
//! cell's output behind them; here what waits is counted in bytes, and a cell that prints waits for its reader.

mod frame;
mod greeting;
mod outbox;
mod socket;

pub(crate) use frame::message;
pub(crate) use socket::{Received, Socket};

/// A kind of socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Takes requests of many peers, and sends each its replies.
    Router,
    /// Sends every peer what it subscribed to.
    Publisher,
    /// Sends back what it gets: a heartbeat.
    Echo,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Router => "ROUTER",
            Self::Publisher => "PUB",
            Self::Echo => "REP",
        }
    }

    /// The kinds that it talks to.
    fn peers(self) -> &'static [&'static str] {
        match self {
            Self::Router => &["DEALER", "REQ", "ROUTER"],
            Self::Publisher => &["SUB", "XSUB"],
            Self::Echo => &["REQ", "DEALER"],
        }
    }
}
