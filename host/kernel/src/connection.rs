//! The connection file that a front end writes for a kernel.

use crate::Error;
use serde::Deserialize;
use std::{fs, io::Read, net::IpAddr, path::Path};

/// A connection file has a few hundred bytes.
const LARGEST: u64 = 64 * 1024;

/// Where a kernel listens, and the key that signs messages. Nothing else of the file is used.
#[derive(Clone, Deserialize)]
pub struct Connection {
    /// The address to listen on.
    pub ip: IpAddr,
    /// Requests that wait for the running cell.
    pub shell_port: u16,
    /// Requests that do not wait: interrupt and shutdown.
    pub control_port: u16,
    /// What cells show.
    pub iopub_port: u16,
    /// Where input would be asked for; nothing is ever sent there.
    pub stdin_port: u16,
    /// Answers while a cell computes.
    pub hb_port: u16,
    /// The key of HMAC-SHA256; never empty.
    pub key: String,
    #[serde(default = "tcp")]
    transport: String,
    #[serde(default = "sha256")]
    signature_scheme: String,
}

fn tcp() -> String {
    "tcp".into()
}

fn sha256() -> String {
    "hmac-sha256".into()
}

impl Connection {
    /// Reads a connection file.
    ///
    /// # Errors
    /// A file that cannot be read or is no connection file, another transport than TCP, another signature than HMAC-SHA256, and
    /// an empty key, with which anybody on the machine could send cells.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let refused = |why: String| Error::Connection { file: file.into(), why };
        let mut text = String::new();
        let opened = fs::File::open(file).map_err(|error| refused(error.to_string()))?;
        opened.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| refused(error.to_string()))?;
        if text.len() as u64 > LARGEST {
            return Err(refused(format!("it has more than {LARGEST} bytes, which no connection file has")));
        }
        let connection: Self = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        if connection.transport != "tcp" {
            return Err(refused(format!("its transport is `{}`; this kernel speaks `tcp`", connection.transport)));
        }
        if connection.signature_scheme != "hmac-sha256" {
            let scheme = &connection.signature_scheme;
            return Err(refused(format!("its signature scheme is `{scheme}`; this kernel checks `hmac-sha256`")));
        }
        if connection.key.is_empty() {
            return Err(refused("its key is empty, so that anybody on the machine could send cells".into()));
        }
        Ok(connection)
    }
}

/// The key stays out of logs.
impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("ip", &self.ip)
            .field("ports", &[self.shell_port, self.control_port, self.iopub_port, self.stdin_port, self.hb_port])
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(change: impl Fn(&mut serde_json::Value)) -> Result<Connection, Error> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("connection.json");
        let mut value = json!({
            "ip": "127.0.0.1", "shell_port": 1, "control_port": 2, "iopub_port": 3, "stdin_port": 4, "hb_port": 5,
            "key": "secret", "transport": "tcp", "signature_scheme": "hmac-sha256", "kernel_name": "lacuna",
        });
        change(&mut value);
        fs::write(&file, value.to_string()).unwrap();
        Connection::read(&file)
    }

    #[test]
    fn what_jupyter_writes_is_read() {
        let connection = read(|_| ()).unwrap();
        assert_eq!((connection.shell_port, connection.hb_port, connection.key.as_str()), (1, 5, "secret"));
        assert!(!format!("{connection:?}").contains("secret"));
        assert!(read(|value| drop(value.as_object_mut().unwrap().remove("transport"))).is_ok());
    }

    #[test]
    fn what_cannot_be_served_is_refused() {
        for (name, value) in [
            ("key", json!("")),
            ("transport", json!("ipc")),
            ("signature_scheme", json!("hmac-md5")),
            ("ip", json!("host")),
            ("hb_port", json!(70000)),
            ("shell_port", json!(null)),
            ("other", json!("x".repeat(70_000))),
        ] {
            let error = read(|whole| whole[name] = value.clone()).unwrap_err().to_string();
            assert!(error.contains("connection.json"), "{error}");
        }
        assert!(Connection::read(Path::new("/nowhere/connection.json")).is_err());
    }
}
