//! Pictures that stay with the host where cells may not read numbers: a PNG has every pixel in it.
//!
//! A cell gets a mark in a picture's place. Where a cell shows the mark, by itself or as Base64 inside of text, the door shows the
//! picture.

use lacuna_runtime::cells::Form;
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// A mark is this and a number of 15 digits: 30 bytes, so that its Base64 is the same wherever it stands.
const BEGIN: &[u8; 15] = b"\x89LACUNA-PICTURE";
/// Bytes of pictures that are kept; the oldest go first.
const MOST_BYTES: usize = 64 << 20;

/// The pictures of one notebook.
#[derive(Debug, Default)]
pub struct Pictures(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    made: u64,
    pictures: VecDeque<(Vec<u8>, Vec<u8>)>,
}

impl Pictures {
    /// Keeps a picture. Returns its mark.
    pub fn keep(&self, picture: Vec<u8>) -> Vec<u8> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = [&BEGIN[..], format!("{:015}", kept.made).as_bytes()].concat();
        kept.made += 1;
        kept.pictures.push_back((mark.clone(), picture));
        while kept.pictures.iter().map(|(_, picture)| picture.len()).sum::<usize>() > MOST_BYTES {
            kept.pictures.pop_front();
        }
        mark
    }

    /// What is shown, with its pictures in the places of their marks.
    pub fn fill(&self, form: Form) -> Form {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if form.data.starts_with(BEGIN) {
            let found = kept.pictures.iter().find(|(mark, _)| *mark == form.data);
            return found.map_or(form.clone(), |(_, picture)| Form { data: picture.clone(), ..form });
        }
        let Ok(mut text) = String::from_utf8(form.data.clone()) else { return form };
        if !text.contains(&base64(BEGIN)) {
            return form;
        }
        for (mark, picture) in &kept.pictures {
            let mark = base64(mark);
            if text.contains(&mark) {
                text = text.replace(&mark, &base64(picture));
            }
        }
        Form { data: text.into_bytes(), ..form }
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;

    /// The examples of RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_mark_is_shown_as_its_picture() {
        let pictures = Pictures::default();
        let (first, second) = (pictures.keep(b"one".to_vec()), pictures.keep(b"two".to_vec()));
        let form = |data: Vec<u8>| Form { mime: "text/html".to_owned(), data };
        assert_eq!(pictures.fill(form(second.clone())).data, b"two");
        let page = format!("<img src='data:;base64,{}'><img src='data:;base64,{}'>", base64(&second), base64(&first));
        let shown = String::from_utf8(pictures.fill(form(page.into_bytes())).data).unwrap();
        assert_eq!(shown, "<img src='data:;base64,dHdv'><img src='data:;base64,b25l'>");
        assert_eq!(pictures.fill(form(b"plain".to_vec())).data, b"plain");
    }
}
