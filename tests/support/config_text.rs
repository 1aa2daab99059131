//! A configuration as text: the example, made to fit a temporary folder, for tests to change.

use super::{PERSON_TOKEN, SOURCE_TOKEN};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use watchbell::domain::ingest::TokenDigest;

/// The text of a configuration.
pub struct ConfigText {
    text: String,
    folder: PathBuf,
}

impl ConfigText {
    /// `config.example.toml` with a port, a folder, tokens and a mail server that exist, JSON logs,
    /// and a second source `native` that speaks the native event.
    pub fn example(folder: &Path, mail: SocketAddr) -> Self {
        let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml");
        let text = std::fs::read_to_string(example).expect("config.example.toml is there");
        let mut config = Self { text, folder: folder.to_owned() };
        let source_token = TokenDigest::of(SOURCE_TOKEN).to_hex();
        config.replace("127.0.0.1:8740", "127.0.0.1:0");
        config.replace("\"/var/lib/watchbell\"", &format!("{:?}", folder.join("store")));
        config.replace("\"/var/lib/watchbell/drafts\"", &format!("{:?}", folder.join("drafts")));
        config.replace("format = \"text\"", "format = \"json\"");
        config.replace(&"0".repeat(64), &source_token);
        config.replace(&"1".repeat(64), &TokenDigest::of(PERSON_TOKEN).to_hex());
        config.replace(r#"may = ["read", "act"]"#, r#"may = ["read", "act", "operate"]"#);
        config.replace("host = \"smtp.example.org\"", &format!("host = \"{}\"", mail.ip()));
        config.replace("port = 587", &format!("port = {}", mail.port()));
        config.replace("tls = \"starttls\"", "tls = \"none\"");
        config.add(&format!(
            "[[source]]\nname = \"native\"\nmapping = \"native\"\norganisations = [\"mercy\"]\ntoken_sha256 = [\"{source_token}\"]\n"
        ));
        config
    }

    /// Replaces a text that must be there.
    pub fn replace(&mut self, from: &str, to: &str) {
        assert!(self.text.contains(from), "the configuration has no `{from}`");
        self.text = self.text.replace(from, to);
    }

    /// Adds lines at the end.
    pub fn add(&mut self, lines: &str) {
        self.text.push('\n');
        self.text.push_str(lines);
    }

    /// Where the configuration will be; relative paths in it are taken from here.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }
}
