//! Small NIfTI files made in memory, and where the real data lies.

#![allow(dead_code, reason = "every test binary uses its own part")]

use std::path::{Path, PathBuf};

/// What a test volume's header says; the voxels are given when it is written.
#[derive(Debug, Clone)]
pub struct Header {
    pub dim: Vec<i16>,
    pub datatype: i16,
    pub pixdim: [f32; 4],
    pub qform: Option<[f32; 6]>,
    pub sform: Option<[[f32; 4]; 3]>,
    pub scaling: [f32; 2],
    pub big_endian: bool,
}

impl Header {
    pub fn new(dims: [usize; 3]) -> Self {
        Self {
            dim: dims.map(|length| length as i16).to_vec(),
            datatype: 16,
            pixdim: [1.0, 1.0, 1.0, 1.0],
            qform: None,
            sform: None,
            scaling: [0.0, 0.0],
            big_endian: false,
        }
    }

    /// The header, four bytes without extensions, and the voxels as they are.
    pub fn file(&self, voxels: &[u8]) -> Vec<u8> {
        let mut file = vec![0_u8; 352];
        self.i32(&mut file, 0, 348);
        file[14..22].copy_from_slice(b"J. Dough");
        self.i16(&mut file, 40, self.dim.len() as i16);
        for (index, &length) in self.dim.iter().enumerate() {
            self.i16(&mut file, 42 + 2 * index, length);
        }
        self.i16(&mut file, 70, self.datatype);
        let bits = match self.datatype {
            2 | 256 => 8,
            4 | 512 => 16,
            64 | 1024 | 1280 | 32 => 64,
            128 => 24,
            _ => 32,
        };
        self.i16(&mut file, 72, bits);
        for (index, &size) in self.pixdim.iter().enumerate() {
            self.f32(&mut file, 76 + 4 * index, size);
        }
        self.f32(&mut file, 108, 352.0);
        self.f32(&mut file, 112, self.scaling[0]);
        self.f32(&mut file, 116, self.scaling[1]);
        file[123] = 10; // millimetres and seconds
        if let Some(qform) = self.qform {
            self.i16(&mut file, 252, 1);
            for (index, &value) in qform.iter().enumerate() {
                self.f32(&mut file, 256 + 4 * index, value);
            }
        }
        if let Some(sform) = self.sform {
            self.i16(&mut file, 254, 4);
            for (index, &value) in sform.as_flattened().iter().enumerate() {
                self.f32(&mut file, 280 + 4 * index, value);
            }
        }
        file[344..348].copy_from_slice(b"n+1\0");
        file.extend_from_slice(voxels);
        file
    }

    /// The same with float32 voxels.
    pub fn file_f32(&self, voxels: &[f32]) -> Vec<u8> {
        let bytes: Vec<u8> = voxels
            .iter()
            .flat_map(|value| if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() })
            .collect();
        self.file(&bytes)
    }

    pub fn i16(&self, file: &mut [u8], at: usize, value: i16) {
        let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        file[at..at + 2].copy_from_slice(&bytes);
    }

    fn i32(&self, file: &mut [u8], at: usize, value: i32) {
        let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        file[at..at + 4].copy_from_slice(&bytes);
    }

    pub fn f32(&self, file: &mut [u8], at: usize, value: f32) {
        let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        file[at..at + 4].copy_from_slice(&bytes);
    }
}

/// One of each way a header can place its grid, with a name.
pub fn placements(dims: [usize; 3]) -> Vec<(&'static str, Header)> {
    let plain = Header::new(dims);
    // A rotation by 0.3 rad about (1, 2, 3), normalised, as b, c, d; offsets in millimetres.
    let oblique = [0.039_939_28, 0.079_878_56, 0.119_817_84, -31.5, 12.25, 7.0];
    let sheared = [[-0.9, 0.05, 0.1, 90.0], [0.02, 0.1, 2.5, -126.0], [0.04, 1.1, -0.2, -72.0]];
    vec![
        ("qform-oblique", Header { pixdim: [1.0, 0.8, 1.1, 2.5], qform: Some(oblique), ..plain.clone() }),
        ("qform-qfac", Header { pixdim: [-1.0, 0.8, 1.1, 2.5], qform: Some(oblique), ..plain.clone() }),
        // Half a turn about z and qfac -1: L-P-I.
        (
            "qform-turned",
            Header { pixdim: [-1.0, 1.0, 1.0, 1.0], qform: Some([0.0, 0.0, 1.0, 90.0, 0.0, 1.0]), ..plain.clone() },
        ),
        ("sform-sheared", Header { pixdim: [1.0, 1.0, 1.0, 1.0], sform: Some(sheared), ..plain.clone() }),
        // sform goes before qform.
        ("both-big-endian", Header { qform: Some(oblique), sform: Some(sheared), big_endian: true, ..plain.clone() }),
        ("neither", Header { pixdim: [0.0, 0.8, 1.1, 2.5], ..plain }),
    ]
}

/// Voxels that each hold their own number, from 1 on.
pub fn numbered(dims: [usize; 3]) -> Vec<f32> {
    (1..=dims.iter().product::<usize>()).map(|number| number as f32).collect()
}

/// The folder of real data that `LACUNA_DATA` names; prints why a test does not run where it is missing.
pub fn real_data(folder: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("LACUNA_DATA") else {
        assert!(
            std::env::var_os("LACUNA_REQUIRE_DATA").is_none(),
            "the real data is required, but LACUNA_DATA is not set"
        );
        println!("skipped: LACUNA_DATA does not name the folder of the real data");
        return None;
    };
    let path = Path::new(&root).join(folder);
    if !path.is_dir() {
        println!("skipped: {} is no folder", path.display());
        return None;
    }
    Some(path)
}

/// Copies of a file with one to four bytes changed or its end cut off, the same ones every time.
pub fn damages(whole: &[u8], count: usize) -> impl Iterator<Item = Vec<u8>> {
    // The generator of Knuth's MMIX; its high bits are random enough for this.
    let mut state = 7_u64;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    (0..count).map(move |round| {
        let mut bytes = whole.to_vec();
        for _ in 0..=round % 4 {
            let at = next(bytes.len());
            bytes[at] = next(256) as u8;
        }
        if round % 5 == 0 {
            bytes.truncate(next(bytes.len()));
        }
        bytes
    })
}
