use crate::args::Cli;
use crate::edge::{Failure, Session};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  mkdir -p ~/.local/share/bash-completion/completions\n  keep completions bash > ~/.local/share/bash-completion/completions/keep\n  mkdir -p ~/.zfunc && keep completions zsh > ~/.zfunc/_keep\n  mkdir -p ~/.config/fish/completions\n  keep completions fish > ~/.config/fish/completions/keep.fish\n\nZsh looks in ~/.zfunc where ~/.zshrc says `fpath+=~/.zfunc` before `compinit`."
)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep man | man -l -\n  keep man --to ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// Write a page per command into this folder
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

impl Completions {
    fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "keep", &mut text);
        text
    }

    pub(crate) fn run(self, _: &Session) -> Result<ExitCode, Failure> {
        std::io::stdout().lock().write_all(&self.text())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Man {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let Some(folder) = self.to else {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            std::io::stdout().lock().write_all(&page)?;
            return Ok(ExitCode::SUCCESS);
        };
        std::fs::create_dir_all(&folder).map_err(|e| Failure::file("making", &folder, e))?;
        clap_mangen::generate_to(Cli::command(), &folder)
            .map_err(|e| Failure::file("writing to", &folder, e))?;
        session
            .show(&json!({ "folder": folder }), |out| writeln!(out, "pages written to {}", folder.display()))
    }
}
