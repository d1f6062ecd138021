//! Damaged files open or are refused with words; nothing panics, and nothing takes long.
//!
//! Bytes of small graphs, pictures, volumes and plugins are changed, cut out and repeated at random places. `PROPTEST_CASES`
//! says how many changed files there are of each kind (200), `PROPTEST_RNG_SEED` which. With `LACUNA_KEEP_DAMAGED` the file
//! that is being opened lies in the folder of temporary files, in case the process dies of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{Classifier, Device, Manifest, ModelFiles, ReluRule, Tensor};
use lacuna_imaging::{ReadOptions, Reader};
use lacuna_runtime::{CompileCache, Host, HostOptions, Plugin};
use lacuna_tests::guest;
use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{Duration, Instant},
};

/// How long one damaged file may keep its reader busy, in a test that shares two cores with others.
const LONG: Duration = Duration::from_secs(20);

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }

    /// `whole` with one to four changes.
    fn damaged(&mut self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        for _ in 0..1 + self.below(4) {
            if bytes.is_empty() {
                break;
            }
            let at = self.below(bytes.len());
            let end = (at + 1 + self.below(16)).min(bytes.len());
            match self.below(6) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
                // A number that is as large as its bytes allow.
                2 => bytes[at..end].fill(0xff),
                3 => drop(bytes.drain(at..end)),
                4 => {
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                _ => bytes.truncate(at.max(1)),
            }
        }
        bytes
    }
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Opens as many damaged copies of `whole` as are asked for, and says how many opened.
fn open_damaged(what: &str, whole: &[u8], mut open: impl FnMut(&[u8]) -> bool) {
    let seed = number("PROPTEST_RNG_SEED", 1) ^ whole.len() as u64;
    let (cases, mut random, mut opened) = (number("PROPTEST_CASES", 200), Random(seed), 0);
    for case in 0..cases {
        let bytes = random.damaged(whole);
        let start = Instant::now();
        if env::var_os("LACUNA_KEEP_DAMAGED").is_some() {
            fs::write(env::temp_dir().join(format!("damaged-{what}")), &bytes).unwrap();
        }
        let result = catch_unwind(AssertUnwindSafe(|| open(&bytes)));
        let kept = || {
            let path = env::temp_dir().join(format!("damaged-{what}-{case}"));
            fs::write(&path, &bytes).unwrap();
            path.display().to_string()
        };
        opened += usize::from(result.unwrap_or_else(|_| panic!("{what}: case {case} panics; it is {}", kept())));
        assert!(start.elapsed() < LONG, "{what}: case {case} takes {:?}; it is {}", start.elapsed(), kept());
    }
    println!("{what}: {opened} of {cases} opened");
}

#[test]
fn graphs() {
    let graphs = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let device = Device::cpu();
    let folder = tempfile::tempdir().unwrap();
    let text = "name = \"damaged\"\n[model]\ngraph = \"graph.onnx\"\n[input]\nchannels = 3\nheight = 33\nwidth = 35\n\
                [output]\nclasses = [\"a\", \"b\", \"c\", \"d\", \"e\"]\nactivation = \"sigmoid\"\n";
    let manifest = Manifest::parse("damaged.toml", text).unwrap();
    for name in ["operators-resnet", "operators-mobilenet", "operators-vgg", "operators-squeeze_dense"] {
        let whole = fs::read(graphs.join(format!("{name}.onnx"))).unwrap();
        open_damaged(name, &whole, |bytes| {
            fs::write(folder.path().join("graph.onnx"), bytes).unwrap();
            let files = ModelFiles::Folder(folder.path().to_owned());
            let Ok(classifier) = Classifier::from_manifest("damaged.toml", &manifest, &files, &device) else {
                return false;
            };
            // What opens answers, or says why it does not.
            let images = Tensor::full(&device, &[2, 3, 33, 35], 0.5).unwrap().track().unwrap();
            let _ = classifier.logits(&images, ReluRule::Plain).and_then(|logits| logits.sum(&[])?.backward());
            true
        });
    }
}

#[test]
fn pictures_and_volumes() {
    let folder = tempfile::tempdir().unwrap();
    let image = lacuna_imaging::Image::new(1, 24, 20, (0..480).map(|i| i as f32 / 480.0).collect()).unwrap();
    let png = folder.path().join("whole.png");
    image.write_png(&png, lacuna_imaging::BitDepth::Sixteen).unwrap();
    let slice = ReadOptions { slice: Some("axial:0".parse().unwrap()), ..ReadOptions::default() };
    for (name, whole, options) in
        [("image.png", fs::read(png).unwrap(), ReadOptions::default()), ("image.nii", nifti(), slice)]
    {
        open_damaged(name, &whole, |bytes| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            Reader::new(options.clone()).read(&path).is_ok()
        });
    }
}

/// A volume of one slice (NIfTI-1, 32-bit floats).
fn nifti() -> Vec<u8> {
    let mut bytes = vec![0_u8; 352];
    bytes[..4].copy_from_slice(&348_i32.to_le_bytes());
    for (axis, size) in [2_i16, 12, 10, 1, 1, 1, 1, 1].into_iter().enumerate() {
        bytes[40 + 2 * axis..42 + 2 * axis].copy_from_slice(&size.to_le_bytes());
    }
    bytes[70..72].copy_from_slice(&16_i16.to_le_bytes());
    bytes[72..74].copy_from_slice(&32_i16.to_le_bytes());
    for axis in 0..4 {
        bytes[76 + 4 * axis..80 + 4 * axis].copy_from_slice(&1.0_f32.to_le_bytes());
    }
    bytes[108..112].copy_from_slice(&352.0_f32.to_le_bytes());
    bytes[112..116].copy_from_slice(&1.0_f32.to_le_bytes());
    bytes[344..348].copy_from_slice(b"n+1\0");
    bytes.extend((0..120).flat_map(|i| (i as f32).to_le_bytes()));
    bytes
}

#[test]
fn plugins() {
    let host = Host::new(HostOptions { cache: CompileCache::Off }).unwrap();
    let whole = guest("hostile", "perturbation");
    // Each that is whole enough is compiled, which takes a while.
    let whole_opens = Plugin::load(&host, "whole.wasm", &whole).is_ok();
    assert!(whole_opens);
    open_damaged("plugin", &whole, |bytes| Plugin::load(&host, "damaged.wasm", bytes).is_ok());
}

/// One interface of a later version makes two packages that need each other, which Wit's resolver follows for ever.
#[test]
fn packages_that_need_each_other() {
    let host = Host::new(HostOptions { cache: CompileCache::Off }).unwrap();
    let (whole, name) = (guest("hostile", "perturbation"), b"lacuna:explain/optimisers@0.2.0");
    let at = whole.windows(name.len()).rposition(|part| part == name).unwrap();
    let mut bytes = whole;
    bytes[at + name.len() - 3] = b'5';
    let refused = Plugin::load(&host, "circular.wasm", &bytes).err().unwrap().to_string();
    assert!(refused.contains("depends on itself by way of others"), "{refused}");
}
