//! Pictures that stay with the host where cells may not read numbers: a PNG has every pixel in it.
//!
//! A cell gets a mark in a picture's place. Where a cell shows the mark, by itself or as Base64 inside of text, the door shows the
//! picture.

use base64::prelude::{BASE64_STANDARD, Engine as _};
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
        if !text.contains(&BASE64_STANDARD.encode(BEGIN)) {
            return form;
        }
        for (mark, picture) in &kept.pictures {
            let mark = BASE64_STANDARD.encode(mark);
            if text.contains(&mark) {
                text = text.replace(&mark, &BASE64_STANDARD.encode(picture));
            }
        }
        Form { data: text.into_bytes(), ..form }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;

    #[test]
    fn a_mark_is_shown_as_its_picture() {
        let pictures = Pictures::default();
        let (first, second) = (pictures.keep(b"one".to_vec()), pictures.keep(b"two".to_vec()));
        let form = |data: Vec<u8>| Form { mime: "text/html".to_owned(), data };
        assert_eq!(pictures.fill(form(second.clone())).data, b"two");
        let page = format!(
            "<img src='data:;base64,{}'><img src='data:;base64,{}'>",
            BASE64_STANDARD.encode(&second),
            BASE64_STANDARD.encode(&first)
        );
        let shown = String::from_utf8(pictures.fill(form(page.into_bytes())).data).unwrap();
        assert_eq!(shown, "<img src='data:;base64,dHdv'><img src='data:;base64,b25l'>");
        assert_eq!(pictures.fill(form(b"plain".to_vec())).data, b"plain");
    }
}
