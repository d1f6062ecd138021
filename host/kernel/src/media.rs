//! The forms of something shown, as front ends take them: text as it is, JSON as JSON, anything else in base 64.

use crate::Form;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value};

/// Data by their types.
pub(crate) fn bundle(forms: &[Form]) -> Value {
    Value::Object(forms.iter().map(|form| (form.mime.clone(), value(form))).collect::<Map<_, _>>())
}

fn value(form: &Form) -> Value {
    let mime = form.mime.as_str();
    if (mime == "application/json" || mime.ends_with("+json"))
        && let Ok(value) = serde_json::from_slice(&form.data)
    {
        return value;
    }
    let binary = ["image/", "audio/", "video/", "application/pdf", "application/octet-stream"];
    let binary = binary.iter().any(|start| mime.starts_with(start)) && !mime.ends_with("+xml");
    match std::str::from_utf8(&form.data) {
        Ok(text) if !binary => Value::String(text.into()),
        _ if mime.starts_with("text/") => Value::String(String::from_utf8_lossy(&form.data).into_owned()),
        _ => Value::String(BASE64_STANDARD.encode(&form.data)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_form_has_its_way() {
        let form = |mime: &str, data: &[u8]| Form { mime: mime.into(), data: data.into() };
        let shown = bundle(&[
            form("text/plain", b"a\xff"),
            form("image/png", b"foo"),
            form("image/svg+xml", b"<svg/>"),
            form("application/json", b"{\"a\":1}"),
            form("application/vnd.x+json", b"{"),
            form("application/javascript", b"1"),
            form("application/x-other", b"\xff"),
        ]);
        let expected = json!({
            "text/plain": "a\u{fffd}", "image/png": "Zm9v", "image/svg+xml": "<svg/>", "application/json": {"a": 1},
            "application/vnd.x+json": "{", "application/javascript": "1", "application/x-other": "/w==",
        });
        assert_eq!(shown, expected);
    }
}
