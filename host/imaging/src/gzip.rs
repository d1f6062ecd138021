//! Reads a file's content from its start, decompressed where it is a gzip stream.
//!
//! RFC 1952 allows several members in a row, whose contents are concatenated. Bytes behind the last member (padding of a tape or
//! an archive, a signature) are left unread and counted; `gzip -d` warns of them too.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::bufread::GzDecoder;

/// The content of a file.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(BufReader<File>),
    Gzip(BufReader<Members<BufReader<File>>>),
}

/// The members of a gzip stream, read in a row.
#[derive(Debug)]
pub(crate) enum Members<R> {
    /// The reader is within a member.
    Inside(Box<GzDecoder<R>>),
    /// The reader is behind the last member.
    Behind(R),
    /// An earlier read failed.
    Broken,
}

impl Stream {
    /// Opens a file; its first two bytes decide whether it is a gzip stream.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut file = BufReader::new(crate::regular::open_regular(path)?);
        Ok(match file.fill_buf()?.starts_with(&MAGIC[..2]) {
            true => Self::Gzip(BufReader::new(Members::Inside(Box::new(GzDecoder::new(file))))),
            false => Self::Plain(file),
        })
    }

    /// (number of bytes behind the last member, whether all are 0). `None` where there are none, where the stream was not read to
    /// its end, and for a file that is no gzip stream, since nothing marks the end of its content.
    pub(crate) fn behind(&mut self) -> io::Result<Option<(u64, bool)>> {
        let Self::Gzip(stream) = self else { return Ok(None) };
        let Members::Behind(rest) = stream.get_mut() else { return Ok(None) };
        let (mut bytes, mut all_zero) = (0, true);
        loop {
            let part = rest.fill_buf()?;
            let length = part.len();
            if length == 0 {
                return Ok((bytes > 0).then_some((bytes, all_zero)));
            }
            bytes += length as u64;
            all_zero &= part.iter().all(|&byte| byte == 0);
            rest.consume(length);
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            Self::Gzip(members) => members.read(buffer),
        }
    }
}

impl<R: BufRead + Seek> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self {
                Self::Inside(member) => {
                    let length = member.read(buffer)?;
                    if length > 0 || buffer.is_empty() {
                        return Ok(length);
                    }
                }
                Self::Behind(_) => return Ok(0),
                Self::Broken => return Err(io::Error::other("the gzip stream failed before")),
            }
            // The member has ended, and its checksum is right.
            if let Self::Inside(member) = std::mem::replace(self, Self::Broken) {
                let mut rest = member.into_inner();
                *self = match begins_a_member(&mut rest)? {
                    true => Self::Inside(Box::new(GzDecoder::new(rest))),
                    false => Self::Behind(rest),
                };
            }
        }
    }
}

/// The first bytes of a gzip member: the identification, and the only defined method (8, deflate).
const MAGIC: [u8; 3] = [0x1F, 0x8B, 8];

/// Whether another member follows; leaves the reader where it was, also across the end of a buffer.
fn begins_a_member(rest: &mut (impl BufRead + Seek)) -> io::Result<bool> {
    let mut head = Vec::new();
    let length = rest.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head)?;
    rest.seek(SeekFrom::Current(-(length as i64)))?;
    Ok(head == MAGIC)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;
    use std::io::Write;

    fn member(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    type Unpacked = (io::Result<Vec<u8>>, Option<(u64, bool)>);

    fn read(bytes: &[u8]) -> Unpacked {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let mut stream = Stream::open(&path).unwrap();
        let mut content = Vec::new();
        let content = stream.read_to_end(&mut content).map(|_| content);
        (content, stream.behind().unwrap())
    }

    #[test]
    fn members_are_one_content_and_what_follows_is_counted() {
        let two = [member(b"one "), member(b""), member(b"content")].concat();
        let mut noise = vec![0x1F, 0x8B, 7];
        noise.extend([5; 20_000]);
        for (behind, counted) in [
            (vec![], None),
            (vec![0; 512], Some((512, true))),
            (vec![0x1F], Some((1, false))),
            (vec![0x1F, 0x8B], Some((2, false))),
            (noise, Some((20_003, false))),
        ] {
            let (content, found) = read(&[two.clone(), behind].concat());
            assert_eq!((content.unwrap().as_slice(), found), (b"one content".as_slice(), counted));
        }
    }

    /// The look ahead crosses the end of the file's buffer of 8 KiB.
    #[test]
    fn a_member_may_begin_anywhere() {
        let mut state = 1_u32;
        let mut noise = |length: usize| -> Vec<u8> {
            let next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            std::iter::repeat_with(next).take(length).collect()
        };
        for length in 8150..8200 {
            let first = noise(length);
            let (content, behind) = read(&[member(&first), member(b"!"), vec![1, 2]].concat());
            assert_eq!((content.unwrap(), behind), ([&first[..], b"!"].concat(), Some((2, false))));
        }
    }

    #[test]
    fn a_member_that_was_cut_off_is_refused() {
        let two = [member(b"one "), member(b"content")].concat();
        let first = member(b"one ").len();
        for length in (3..two.len()).filter(|&length| !(first..first + 3).contains(&length)) {
            assert!(read(&two[..length]).0.is_err(), "{length}");
        }
        assert_eq!(read(b"plain").0.unwrap(), b"plain");
    }
}
