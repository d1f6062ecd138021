//! A classifier that is a program of its own, for `command` in a manifest: images on standard input, logits on standard
//! output, both as a line of JSON with the shape and then 32-bit floats, little endian.
//!
//! ```text
//! to the program:    {"shape":[8,1,96,96]}\n  and 8 * 96 * 96 floats, row-major
//! from the program:  {"shape":[8,1]}\n        and 8 floats
//!                or: {"error":"why not"}\n
//! ```
//!
//! It is started once, answers one batch after the other, and ends when its input does. In Python:
//!
//! ```python
//! import json, math, sys, numpy as np
//! take, give = sys.stdin.buffer, sys.stdout.buffer
//! while line := take.readline():
//!     shape = json.loads(line)["shape"]
//!     images = np.frombuffer(take.read(4 * math.prod(shape)), "<f4").reshape(shape)
//!     logits = model(images).astype("<f4")
//!     give.write(json.dumps({"shape": logits.shape}).encode() + b"\n" + logits.tobytes())
//!     give.flush()
//! ```
//!
//! This one finds bright spots: its logit is 4000 times the mean of what is above an intensity of 0.6, less 4.
//!
//! ```toml
//! name = "bright spots"
//! [model]
//! command = ["target/release/examples/black_box"]
//! [input]
//! channels = 1
//! height = 96
//! width = 96
//! [output]
//! classes = ["bright"]
//! activation = "sigmoid"
//! ```
//!
//! `lacuna explain IMAGE --classifier FILE.toml --allow-command --method rise ...` explains it.

use std::io::{self, BufRead, Read, Write};

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        // {"shape":[8,1,96,96]}
        let sizes = line.split(|c: char| !c.is_ascii_digit()).filter_map(|size| size.parse::<usize>().ok());
        let shape: Vec<usize> = sizes.collect();
        let &[count, ref image @ ..] = shape.as_slice() else {
            return Err(io::Error::other(format!("no shape in {line}")));
        };
        let mut bytes = vec![0; 4 * shape.iter().product::<usize>()];
        input.read_exact(&mut bytes)?;
        writeln!(output, "{{\"shape\":[{count},1]}}")?;
        for image in bytes.chunks(4 * image.iter().product::<usize>()) {
            output.write_all(&logit(image).to_le_bytes())?;
        }
        output.flush()?;
        line.clear();
    }
    Ok(())
}

fn logit(image: &[u8]) -> f32 {
    let (pixels, _) = image.as_chunks::<4>();
    let above = pixels.iter().map(|pixel| (f32::from_le_bytes(*pixel) - 0.6).max(0.0));
    4000.0 * above.sum::<f32>() / pixels.len() as f32 - 4.0
}
