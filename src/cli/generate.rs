//! `framescope completions` and `framescope man`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Failure, Printer};

/// Prints completions for a shell
#[derive(Args)]
#[command(after_help = "Example:\n  framescope completions bash > \
    ~/.local/share/bash-completion/completions/framescope")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

/// Prints a manual page
#[derive(Args)]
#[command(
    after_help = "Examples:\n  framescope man > framescope.1\n  framescope man train | man -l -"
)]
pub(super) struct Man {
    /// A command; without one, the page of the program
    command: Option<String>,
}

impl Completions {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "framescope", &mut script);
        printer.result(&String::from_utf8_lossy(&script))
    }
}

impl Man {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        let mut program = Cli::command();
        program.build();
        let command = match &self.command {
            None => program,
            Some(name) => {
                let names: Vec<String> =
                    program.get_subcommands().map(|known| known.get_name().to_owned()).collect();
                program.find_subcommand(name).cloned().ok_or_else(|| {
                    let names = names.join("`, `");
                    Failure::Usage(format!("there is no command `{name}`; there are `{names}`"))
                })?
            }
        };
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        printer.result(&String::from_utf8_lossy(&page))
    }
}
