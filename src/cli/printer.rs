//! Every word the program says: results to standard output, talk to standard error.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use owo_colors::OwoColorize;

use super::Failure;

/// Knows where words go and whether a person reads them.
pub(super) struct Printer {
    terminal: bool,
    stderr_terminal: bool,
}

impl Printer {
    pub(super) fn new() -> Self {
        Printer {
            terminal: io::stdout().is_terminal(),
            stderr_terminal: io::stderr().is_terminal(),
        }
    }

    /// Whether results go to a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Whether results keep their colours and other styles.
    pub(super) fn styles(&self) -> bool {
        anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
    }

    /// How many columns lines of text may fill.
    pub(super) fn width(&self) -> usize {
        let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        width.clamp(40, 100)
    }

    /// Writes a result, without colours where they are not wanted (`NO_COLOR`, a pipe).
    pub(super) fn result(&self, text: &str) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// Says something the person should know.
    pub(super) fn note(&self, message: &str) {
        self.line(&format!("{} {}", "note:".bold(), printable(message)));
    }

    /// Says what went wrong.
    pub(super) fn error(&self, message: &str) {
        self.line(&format!("{} {}", "error:".red().bold(), printable(message)));
    }

    /// Says what was done.
    pub(super) fn say(&self, message: &str) {
        self.line(&printable(message));
    }

    fn line(&self, message: &str) {
        // With standard error closed there is nobody left to tell.
        let _ = writeln!(anstream::stderr().lock(), "{message}");
    }

    /// A progress bar on standard error, where that is a terminal and results go elsewhere.
    pub(super) fn progress(&self, what: &'static str, length: u64) -> ProgressBar {
        if !self.stderr_terminal {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(length).with_message(what);
        let template = "{msg} {wide_bar} {percent}% {eta}";
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}

/// A text in which nothing rules a terminal; lines stay lines.
pub(super) fn printable(text: &str) -> String {
    let shown = |c: char| match c.is_control() && c != '\n' && c != '\t' {
        true => char::REPLACEMENT_CHARACTER,
        false => c,
    };
    text.chars().map(shown).collect()
}
