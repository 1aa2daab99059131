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
    /// The same with a folder named otherwise, which then counts alone.
    pub fn over(self, dir: Option<PathBuf>) -> Self {
        if dir.is_some() { Self { config: None, rules: dir } } else { self }
    }

    /// The files of the rules, whatever is wrong with them.
    pub fn texts(&self) -> Result<Vec<PackText>, Box<dyn Error + Send + Sync>> {
        match (&self.rules, self.config_file()) {
            (Some(dir), _) => Ok(rulebook::texts(Some(dir))?),
            (None, Some(config)) => Ok(config::law_texts(&config, &config::environment(), wall_clock::now())?),
            (None, None) => Ok(rulebook::texts(None)?),
        }
    }

    fn config_file(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| Some(super::default_config()).filter(|path| path.exists()))
    }

    /// The files of the rules, and the rulebook made of them.
    pub fn read(&self) -> Result<(Vec<PackText>, Rulebook), Box<dyn Error + Send + Sync>> {
        match (&self.rules, self.config_file()) {
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
