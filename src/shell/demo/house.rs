//! The demo's house: a temporary folder with a configuration, its secrets and, later, the store.

use crate::shell::mint;
use secrecy::SecretString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const CONFIG: &str = include_str!("house.toml");

/// A folder that only its owner may enter, gone with this value unless kept.
pub struct House {
    folder: TempDir,
    /// Where its daemon is told to listen.
    pub address: SocketAddr,
    /// What the SIEM shows when it posts.
    pub siem: SecretString,
    /// The token of the person on call.
    pub on_call: SecretString,
    /// The token of the data protection officer.
    pub officer: SecretString,
    /// What webhooks are signed with.
    pub hook_secret: SecretString,
}

impl House {
    /// Writes configuration and secrets for a daemon whose mail goes to `mail` and whose webhooks go to `hook`.
    ///
    /// # Errors
    /// Whatever the system says of the folder, the files, or a free port on loopback.
    pub fn build(mail: SocketAddr, hook: SocketAddr) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("watchbell-demo-").tempdir()?;
        // Taken and given back: the daemon wants the port itself, and the links in its letters name it.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let ports = [("@PORT@", address), ("@SMTP_PORT@", mail), ("@HOOK_PORT@", hook)];
        let config = ports.iter().fold(CONFIG.to_owned(), |text, (name, at)| text.replace(name, &at.port().to_string()));
        let secret = |name: &str, text: String| {
            write_private(&folder.path().join(name), &text)?;
            io::Result::Ok(SecretString::from(text))
        };
        write_private(&folder.path().join("watchbell.toml"), &config)?;
        Ok(Self {
            address,
            siem: secret("wazuh.token", mint::token())?,
            on_call: secret("nair.token", mint::token())?,
            officer: secret("keller.token", mint::token())?,
            hook_secret: secret("soc-desk.secret", mint::webhook_secret())?,
            folder,
        })
    }

    /// Where its API answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A file or folder of the house.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.path("watchbell.toml")
    }

    /// The file with the token of the data protection officer.
    pub fn officer_token(&self) -> PathBuf {
        self.path("keller.token")
    }

    /// What the daemon has logged, over all its lives.
    pub fn log(&self) -> PathBuf {
        self.path("daemon.log")
    }

    /// Leaves the folder where it is; gives its place.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::parse_rfc3339;
    use crate::shell::config;
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_configuration_is_one_the_daemon_takes_and_its_secrets_are_the_owners() {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
        let house = House::build(nowhere, nowhere).expect("a house");
        let now = parse_rfc3339("2026-11-21T09:00:00Z").expect("an instant");
        let config = config::read(&house.config(), &BTreeMap::new(), now).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(config.listen, house.address);
        assert!(config.store.starts_with(house.path("")) && config.drafts.starts_with(house.path("")));
        for name in ["watchbell.toml", "keller.token", "soc-desk.secret"] {
            let mode = std::fs::metadata(house.path(name)).expect("a file").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
    }

    #[test]
    fn the_folder_goes_with_the_house_unless_it_is_kept() {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
        let house = House::build(nowhere, nowhere).expect("a house");
        let folder = house.path("");
        assert!(folder.exists());
        drop(house);
        assert!(!folder.exists());
        let kept = House::build(nowhere, nowhere).expect("a house").keep();
        assert!(kept.join("watchbell.toml").exists());
        std::fs::remove_dir_all(kept).expect("the test clears up");
    }
}
