//! Frames of ZMTP 3.0 (ZeroMQ RFC 23): flags, a size in one or eight bytes, a body.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// The largest message that is taken: a cell may carry a picture in its source.
pub(crate) const LARGEST: usize = 64 << 20;
/// The most frames of a message; Jupyter's have seven and its buffers.
const FRAMES: usize = 256;
/// How much is made ready for a body before it has come.
const STEP: usize = 1 << 20;

/// What a peer sends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// A message of one or more frames.
    Message(Vec<Vec<u8>>),
    /// A command of the protocol itself.
    Command(Vec<u8>),
}

/// Reads a whole message or command. An error means that the stream is of no further use.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Incoming> {
    let mut frames = Vec::new();
    let mut left = LARGEST;
    loop {
        let flags = stream.read_u8().await?;
        let size = match flags & LONG == 0 {
            true => u64::from(stream.read_u8().await?),
            false => stream.read_u64().await?,
        };
        let size = usize::try_from(size).ok().filter(|&size| size <= left && frames.len() < FRAMES);
        let size = size.ok_or_else(|| bad("a message is too large"))?;
        left -= size;
        let body = read_body(stream, size).await?;
        if flags & COMMAND != 0 {
            return match frames.is_empty() && flags & MORE == 0 {
                true => Ok(Incoming::Command(body)),
                false => Err(bad("a command inside a message")),
            };
        }
        frames.push(body);
        if flags & MORE == 0 {
            return Ok(Incoming::Message(frames));
        }
    }
}

/// Memory grows with what came, not with what was announced.
async fn read_body(stream: &mut (impl AsyncRead + Unpin), size: usize) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    while body.len() < size {
        let from = body.len();
        body.resize(size.min(from + from.max(STEP)), 0);
        stream.read_exact(&mut body[from..]).await?;
    }
    Ok(body)
}

pub(crate) fn bad(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// A message as it goes over the wire.
pub(crate) fn message<'a>(frames: impl ExactSizeIterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(frames.clone().map(|frame| frame.len() + 9).sum());
    let last = frames.len().saturating_sub(1);
    for (at, frame) in frames.enumerate() {
        put(&mut bytes, if at < last { MORE } else { 0 }, frame);
    }
    bytes
}

/// A command as it goes over the wire.
pub(crate) fn command(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, COMMAND, body);
    bytes
}

fn put(bytes: &mut Vec<u8>, flags: u8, body: &[u8]) {
    match u8::try_from(body.len()) {
        Ok(size) => bytes.extend([flags, size]),
        Err(_) => {
            bytes.push(flags | LONG);
            bytes.extend((body.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(mut bytes: &[u8]) -> io::Result<Incoming> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(read(&mut bytes))
    }

    #[test]
    fn messages_come_back_as_they_were() {
        for frames in [vec![vec![]], vec![vec![1; 255], vec![], vec![2; 256]], vec![vec![7; 5 << 20], b"end".to_vec()]]
        {
            let bytes = message(frames.iter().map(Vec::as_slice));
            assert_eq!(read_all(&bytes).unwrap(), Incoming::Message(frames));
        }
        assert_eq!(read_all(&command(b"\x04PING")).unwrap(), Incoming::Command(b"\x04PING".to_vec()));
    }

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        assert_eq!(message([b"".as_slice(), b"ab"].into_iter()), [1, 0, 0, 2, b'a', b'b']);
        assert_eq!(message([[0; 300].as_slice()].into_iter())[..9], [2, 0, 0, 0, 0, 0, 0, 1, 44]);
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let huge = [&[2][..], &u64::MAX.to_be_bytes(), b"body"].concat();
        let many = [1, 0].repeat(FRAMES + 1);
        for bytes in [&huge[..], &many, &[0, 5, 1], &[1, 0, 4, 0], &[5, 0], &[2, 0, 0], &[]] {
            assert!(read_all(bytes).is_err(), "{bytes:?}");
        }
    }
}
