//! HMAC-SHA256 (RFC 2104), which signs every message, and the memory of signatures that were seen.

use sha2::{Digest, Sha256};
use std::collections::{HashSet, VecDeque};

const BLOCK: usize = 64;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// How many signatures are remembered: as many as Jupyter's own clients do.
const REMEMBERED: usize = 1 << 16;

/// The key of a connection, made ready for signing.
#[derive(Clone)]
pub(crate) struct Key {
    inner: Sha256,
    outer: Sha256,
}

impl Key {
    pub(crate) fn new(key: &[u8]) -> Self {
        let mut block = [0u8; BLOCK];
        match key.len() <= BLOCK {
            true => block[..key.len()].copy_from_slice(key),
            false => block[..32].copy_from_slice(&Sha256::digest(key)),
        }
        let padded = |pad: u8| Sha256::new_with_prefix(block.map(|byte| byte ^ pad));
        Self { inner: padded(0x36), outer: padded(0x5c) }
    }

    /// The signature of parts one behind the other, in hexadecimal digits.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> [u8; 64] {
        let mut inner = self.inner.clone();
        parts.iter().for_each(|part| inner.update(part));
        let mut outer = self.outer.clone();
        outer.update(inner.finalize());
        let mut text = [0; 64];
        for (at, byte) in outer.finalize().into_iter().enumerate() {
            text[2 * at] = HEX[usize::from(byte >> 4)];
            text[2 * at + 1] = HEX[usize::from(byte & 15)];
        }
        text
    }

    /// Whether the signature is that of the parts; takes the same time wherever it differs.
    pub(crate) fn verify(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        let right = self.sign(parts);
        let different = right.iter().zip(signature).fold(0, |sum, (a, b)| sum | (a ^ b));
        signature.len() == right.len() && std::hint::black_box(different) == 0
    }
}

/// The right signatures that came last.
#[derive(Default)]
pub(crate) struct Seen {
    order: VecDeque<[u8; 64]>,
    all: HashSet<[u8; 64]>,
}

impl Seen {
    /// Whether it comes for the first time; the oldest one is forgotten for it.
    pub(crate) fn first(&mut self, signature: [u8; 64]) -> bool {
        if !self.all.insert(signature) {
            return false;
        }
        self.order.push_back(signature);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 1, 2, 6 (a key longer than a block).
    #[test]
    fn signatures_are_those_of_rfc_4231() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, data, expected) in cases {
            let key = Key::new(key);
            let (head, tail) = data.split_at(3);
            assert_eq!(key.sign(&[head, tail]), expected.as_bytes());
            assert!(key.verify(&[data], expected.as_bytes()));
        }
    }

    #[test]
    fn other_signatures_are_refused() {
        let key = Key::new(b"key");
        let right = key.sign(&[b"data"]);
        let mut wrong = right;
        wrong[63] ^= 1;
        assert!(key.verify(&[b"data"], &right));
        for signature in [&wrong[..], &right[..63], b"", &[right.as_slice(), b"0"].concat()] {
            assert!(!key.verify(&[b"data"], signature));
        }
        assert!(!key.verify(&[b"other"], &right) && !Key::new(b"other").verify(&[b"data"], &right));
    }

    #[test]
    fn a_signature_counts_once_and_memory_is_bounded() {
        let number = |number: usize| {
            let mut signature = [0; 64];
            signature[..8].copy_from_slice(&number.to_be_bytes());
            signature
        };
        let mut seen = Seen::default();
        assert!(seen.first(number(0)) && !seen.first(number(0)));
        assert!((1..=REMEMBERED).all(|at| seen.first(number(at))));
        assert_eq!((seen.order.len(), seen.all.len()), (REMEMBERED, REMEMBERED));
        assert!(!seen.first(number(REMEMBERED)) && seen.first(number(0)));
    }
}
