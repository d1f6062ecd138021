//! What a file is that is no ONNX graph.

/// The reason why `bytes` are no ONNX file, with what to do; none where they may be one.
pub(super) fn of(bytes: &[u8]) -> Option<String> {
    let begins = |with: &[u8]| bytes.starts_with(with);
    let again = "expected an ONNX graph";
    if bytes.is_empty() {
        return Some(format!("the file is empty, {again}; export or download the model again"));
    }
    if begins(b"version https://git-lfs") {
        return Some(format!(
            "a Git LFS pointer, the name of the model and not the model, {again}; get it with `git lfs pull`"
        ));
    }
    if begins(b"PK\x03\x04") {
        return Some(format!(
            "a zip archive, such as PyTorch or Keras writes, {again}; export the model with torch.onnx.export or tf2onnx"
        ));
    }
    if begins(b"\x80\x02") || begins(b"\x80\x03") || begins(b"\x80\x04") || begins(b"\x80\x05") {
        return Some(format!(
            "a Python pickle, such as PyTorch writes, {again}; export the model with torch.onnx.export"
        ));
    }
    if begins(b"\x89HDF\r\n\x1a\n") {
        return Some(format!("an HDF5 file, such as Keras writes, {again}; export the model with tf2onnx"));
    }
    if bytes.get(4..8) == Some(b"TFL3") {
        return Some(format!("a TensorFlow Lite model, {again}; convert it with tf2onnx"));
    }
    if bytes.get(4..8) == Some(b"ORTM") {
        return Some(format!("a model in onnxruntime's own format, {again}; give the ONNX file that it was made from"));
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some(format!("a tar archive, {again}; unpack it first"));
    }
    if begins(b"\x89PNG") || begins(b"\xff\xd8\xff") {
        return Some(format!("a picture, {again}"));
    }
    if begins(b"\x93NUMPY") {
        return Some(format!("a NumPy array, {again}"));
    }
    if begins(b"\x1f\x8b") {
        return Some(format!("a gzip archive, {again}; unpack it first"));
    }
    let text = std::str::from_utf8(&bytes[..bytes.len().min(1024)]);
    let text = match &text {
        Ok(text) => text,
        // A character that is cut in two is no reason.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return safetensors(bytes),
    };
    let start = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return Some(format!("a web page, {again}; the download link leads to a page, download the file itself"));
    }
    if start.starts_with("<?xml") {
        return Some(format!(
            "an XML file, such as OpenVINO writes, {again}; give the ONNX file that it was made from"
        ));
    }
    let printable = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    if text.len() > 16 && text.chars().all(printable) {
        let line: String = text.lines().next().unwrap_or_default().chars().take(40).collect();
        return Some(format!("a text that begins with \"{line}\", {again}; export or download the model again"));
    }
    safetensors(bytes)
}

/// A length of eight bytes, then a description that begins with a brace.
fn safetensors(bytes: &[u8]) -> Option<String> {
    (bytes.get(7..9) == Some(b"\0{")).then(|| {
        "a safetensors file, which holds weights without a graph, expected an ONNX graph; export the model with torch.onnx.export"
            .to_owned()
    })
}
