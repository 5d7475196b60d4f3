//! Becoming root: some commands install packages or mount things.

use std::io::IsTerminal;

use anyhow::{Result, bail};
use xshell::{Cmd, Shell, cmd};

/// How a command gets root's rights here.
#[derive(Clone, Copy)]
pub(crate) enum Root {
    /// This process has them.
    Already,
    /// Through sudo, which may ask for a password on the terminal.
    Sudo,
}

impl Root {
    /// Finds a way to root's rights, or fails with the line that a person can run instead.
    pub(crate) fn get(sh: &Shell, by_hand: &str) -> Result<Self> {
        if cmd!(sh, "id -u").quiet().read()? == "0" {
            return Ok(Self::Already);
        }
        let silently = cmd!(sh, "sudo -n true").quiet().ignore_stdout().ignore_stderr();
        // Without a terminal sudo could only fail at the password.
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if silently.run().is_ok() || (terminal && cmd!(sh, "sudo -v").quiet().run().is_ok()) {
            return Ok(Self::Sudo);
        }
        bail!("this needs root, and sudo does not give it here. Run:\n\n    {by_hand}\n");
    }

    /// A command with root's rights.
    pub(crate) fn command<'a>(self, sh: &'a Shell, words: &[&str]) -> Cmd<'a> {
        match self {
            Self::Already => sh.cmd(words[0]).args(&words[1..]),
            Self::Sudo => sh.cmd("sudo").args(words),
        }
    }
}
