//! Exit codes, for scripts.

use std::process::ExitCode;

/// How a command ended. Code 2 is clap's own: the command line could not be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: it did what was asked, and what it looked at is well.
    Done,
    /// 1: it could not do what was asked.
    Failed,
    /// 3: it did what was asked and found faults: a failed case, a damaged record, a fault in the rules, a
    /// limit that has passed, facts that bring in what no pack in use covers.
    Faults,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Faults => 3,
        })
    }
}
