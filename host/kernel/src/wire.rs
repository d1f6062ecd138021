//! Jupyter's messages: identities, a delimiter, a signature, then header, parent's header, metadata and content as JSON.

use crate::{Error, signature::Key, signature::Seen, zmtp};
use chrono::{SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

const DELIMITER: &[u8] = b"<IDS|MSG>";
/// A header goes out again with every answer, so that it must be small.
const LARGEST_HEADER: usize = 16 * 1024;
/// The version of the messages that this kernel sends.
pub(crate) const PROTOCOL: &str = "5.3";

/// The header of a request as it came, which its answers carry.
pub(crate) type Parent = Arc<[u8]>;

/// A request whose signature is right and new.
#[derive(Debug)]
pub(crate) struct Request {
    received: zmtp::Received,
    /// Frames before the delimiter.
    identities: usize,
    /// For example `execute_request`.
    pub(crate) kind: String,
    pub(crate) parent: Parent,
}

impl Request {
    /// Its content.
    pub(crate) fn content<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        let content = self.received.frames.get(self.identities + 5).map_or(&b"{}"[..], Vec::as_slice);
        serde_json::from_slice(content)
    }

    /// Whom a reply goes to.
    pub(crate) fn peer(&self) -> &[u8] {
        &self.received.peer
    }

    /// What stands before a reply.
    pub(crate) fn envelope(&self) -> &[Vec<u8>] {
        &self.received.frames[..self.identities]
    }
}

#[derive(Deserialize)]
struct Header {
    msg_type: String,
    /// Required by the protocol; clients tell answers apart by it.
    #[serde(rename = "msg_id")]
    _id: String,
}

/// Checks what comes and signs what goes.
pub(crate) struct Wire {
    key: Key,
    seen: Mutex<Seen>,
    session: String,
    sent: AtomicU64,
}

impl Wire {
    pub(crate) fn new(key: &str) -> Result<Self, Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| Error::System(error.to_string()))?;
        let session = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { key: Key::new(key.as_bytes()), seen: Mutex::default(), session, sent: AtomicU64::new(0) })
    }

    /// The request in what a peer sent; none where it is damaged, has a wrong signature, or came before.
    pub(crate) fn open(&self, received: zmtp::Received) -> Option<Request> {
        let frames = &received.frames;
        let identities = frames.iter().position(|frame| frame == DELIMITER)?;
        let signed: Vec<&[u8]> = frames.get(identities + 2..identities + 6)?.iter().map(Vec::as_slice).collect();
        let signature = &frames[identities + 1];
        if !self.key.verify(&signed, signature) {
            return None;
        }
        let first =
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).first(signature.as_slice().try_into().ok()?);
        let header: Header = serde_json::from_slice(signed[0]).ok().filter(|_| signed[0].len() <= LARGEST_HEADER)?;
        let parent = signed[0].into();
        first.then_some(Request { identities, kind: header.msg_type, parent, received })
    }

    /// A signed message, ready for the wire. `envelope` is what stands before it: a peer's identities, or a topic.
    pub(crate) fn seal(&self, envelope: &[Vec<u8>], kind: &str, parent: &[u8], content: &Value) -> Vec<u8> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let header = json!({
            "msg_id": format!("{}_{number}", self.session),
            "session": self.session,
            "username": "kernel",
            "date": chrono::DateTime::<Utc>::from(SystemTime::now()).to_rfc3339_opts(SecondsFormat::Micros, true),
            "msg_type": kind,
            "version": PROTOCOL,
        });
        let header = header.to_string();
        // Only maps with keys that are no text cannot be written, and a `Value` has none.
        let content = serde_json::to_vec(content).unwrap_or_else(|_| b"{}".to_vec());
        let signed = [header.as_bytes(), parent, b"{}", &content];
        let signature = self.key.sign(&signed);
        let mut frames: Vec<&[u8]> = envelope.iter().map(Vec::as_slice).collect();
        frames.extend([DELIMITER, &signature]);
        frames.extend(signed);
        zmtp::message(frames.into_iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(key: &str, header: &str) -> Vec<Vec<u8>> {
        let signed: [&[u8]; 4] = [header.as_bytes(), b"{}", b"{}", br#"{"code":"1"}"#];
        let signature = Key::new(key.as_bytes()).sign(&signed);
        let all: [&[u8]; 8] = [b"peer", DELIMITER, &signature, signed[0], signed[1], signed[2], signed[3], b"a buffer"];
        all.iter().map(|frame| frame.to_vec()).collect()
    }

    fn open(wire: &Wire, frames: Vec<Vec<u8>>) -> Option<Request> {
        wire.open(zmtp::Received::new(b"peer".to_vec(), frames))
    }

    const HEADER: &str = r#"{"msg_id":"1","msg_type":"execute_request","other":[1]}"#;

    #[test]
    fn a_request_opens_once() {
        let wire = Wire::new("key").unwrap();
        let request = open(&wire, frames("key", HEADER)).unwrap();
        assert_eq!((request.kind.as_str(), &*request.parent), ("execute_request", HEADER.as_bytes()));
        assert_eq!((request.peer(), request.envelope()), (&b"peer"[..], &[b"peer".to_vec()][..]));
        assert_eq!(request.content::<Value>().unwrap(), json!({"code": "1"}));
        assert!(open(&wire, frames("key", HEADER)).is_none(), "a replay");
    }

    #[test]
    fn what_is_damaged_is_dropped() {
        let wire = Wire::new("key").unwrap();
        assert!(open(&wire, frames("other", HEADER)).is_none());
        for header in
            ["", "{}", "[1]", r#"{"msg_id":1,"msg_type":"x"}"#, &format!("{{\"msg_id\":\"{}\"}}", "x".repeat(20_000))]
        {
            assert!(open(&wire, frames("key", header)).is_none(), "{header}");
        }
        for end in 0..7 {
            assert!(open(&wire, frames("key", HEADER)[..end].to_vec()).is_none(), "{end}");
        }
        assert!(open(&wire, frames("key", HEADER)).is_some(), "what was dropped is not remembered");
    }
}
