//! Where commands that need no daemon take the law from.

use crate::domain::law::{PackText, Rulebook};
use crate::shell::{config, rulebook, wall_clock};
use clap::Args;
use std::error::Error;
use std::path::{Path, PathBuf};

/// The configuration whose rules are used, or a folder of rules, or neither.
#[derive(Debug, Args)]
pub struct LawSource {
    /// Take the rules folder and the house's own facts from this configuration; ./watchbell.toml is used if it is there
    #[arg(long, help_heading = "Rules", value_name = "FILE", env = "WATCHBELL_CONFIG")]
    config: Option<PathBuf>,
    /// Lay this folder of rules over the built-in ones, and use no configuration
    #[arg(long, help_heading = "Rules", value_name = "DIR", conflicts_with = "config")]
    rules: Option<PathBuf>,
}

impl LawSource {
    /// The files of the rules, and the rulebook made of them.
    pub fn read(&self) -> Result<(Vec<PackText>, Rulebook), Box<dyn Error + Send + Sync>> {
        let by_default = Some(super::default_config()).filter(|path| path.exists());
        match (&self.rules, self.config.clone().or(by_default)) {
            (Some(dir), _) => folded(Some(dir)),
            (None, Some(config)) => Ok(config::read_law(&config, &config::environment(), wall_clock::now())?),
            (None, None) => folded(None),
        }
    }
}

fn folded(dir: Option<&Path>) -> Result<(Vec<PackText>, Rulebook), Box<dyn Error + Send + Sync>> {
    let texts = rulebook::texts(dir)?;
    let book = rulebook::check(&texts)?;
    Ok((texts, book))
}
