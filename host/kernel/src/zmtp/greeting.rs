//! How two peers of ZMTP 3.0 get to know each other: a greeting of 64 bytes, then a command READY with the kind of socket.

use super::{
    Kind,
    frame::{self, Incoming, bad},
};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Ours: signature, version 3.0, no security (messages are signed), a client's role as `NULL` wants it.
fn ours() -> [u8; 64] {
    let mut bytes = [0; 64];
    (bytes[0], bytes[9], bytes[10]) = (0xff, 0x7f, 3);
    bytes[12..16].copy_from_slice(b"NULL");
    bytes
}

/// Greets a peer. Returns the identity that it gave itself, which may be empty.
pub(super) async fn greet(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), kind: Kind) -> io::Result<Vec<u8>> {
    stream.write_all(&ours()).await?;
    let mut theirs = [0; 64];
    // The signature first: what speaks another protocol may never send 64 bytes.
    stream.read_exact(&mut theirs[..10]).await?;
    if theirs[0] != 0xff || theirs[9] & 1 == 0 {
        return Err(bad("no ZeroMQ peer"));
    }
    stream.read_exact(&mut theirs[10..]).await?;
    if theirs[10] < 3 || theirs[12..32] != ours()[12..32] {
        return Err(bad("a peer with an older version, or another security mechanism"));
    }
    stream.write_all(&frame::command(&ready(kind))).await?;
    match frame::read(stream).await? {
        Incoming::Command(body) => accept(&body, kind),
        Incoming::Message(_) => Err(bad("a message before the peer was ready")),
    }
}

fn ready(kind: Kind) -> Vec<u8> {
    let mut body = b"\x05READY".to_vec();
    property(&mut body, b"Socket-Type", kind.name().as_bytes());
    if kind == Kind::Router {
        property(&mut body, b"Identity", b"");
    }
    body
}

fn property(body: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    body.push(name.len() as u8);
    body.extend(name);
    body.extend((value.len() as u32).to_be_bytes());
    body.extend(value);
}

/// Reads the peer's READY.
fn accept(body: &[u8], kind: Kind) -> io::Result<Vec<u8>> {
    let damaged = || bad("a damaged READY");
    let mut rest = body.strip_prefix(b"\x05READY").ok_or_else(damaged)?;
    let (mut peer, mut identity) = (Vec::new(), Vec::new());
    while let Some((&size, behind)) = rest.split_first() {
        let (name, behind) = behind.split_at_checked(usize::from(size)).ok_or_else(damaged)?;
        let (size, behind) = behind.split_first_chunk().ok_or_else(damaged)?;
        let (value, behind) = behind.split_at_checked(u32::from_be_bytes(*size) as usize).ok_or_else(damaged)?;
        match name.to_ascii_lowercase().as_slice() {
            b"socket-type" => peer = value.to_vec(),
            b"identity" => identity = value.to_vec(),
            _ => {}
        }
        rest = behind;
    }
    match kind.peers().iter().any(|name| name.as_bytes() == peer) && identity.len() <= 255 {
        true => Ok(identity),
        false => Err(bad("a socket that does not go with this one")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_says_its_kind_and_its_identity() {
        let mut body = b"\x05READY".to_vec();
        property(&mut body, b"Socket-Type", b"DEALER");
        property(&mut body, b"Identity", b"me");
        assert_eq!(accept(&body, Kind::Router).unwrap(), b"me");
        assert!(accept(&body, Kind::Publisher).is_err());
        for end in 0..body.len() - 15 {
            assert!(accept(&body[..end], Kind::Router).is_err(), "{end}");
        }
    }

    #[test]
    fn other_protocols_are_refused() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 1], &[]] {
            let refused = runtime.block_on(async {
                let (mut near, mut far) = tokio::io::duplex(1024);
                far.write_all(bytes).await.unwrap();
                far.shutdown().await.unwrap();
                greet(&mut near, Kind::Echo).await
            });
            assert!(refused.is_err());
        }
    }
}
