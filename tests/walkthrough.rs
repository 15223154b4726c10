//! The walk-through of the documentation: every command runs, and prints what stands below it.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::fs;
use std::path::Path;

use support::Sandbox;

const FILE: &str = "docs/walkthrough.md";

/// A fenced block of the file: commands with the exit status of the last, or what they print.
enum Block {
    Commands(String, i32),
    Output(String),
}

fn blocks(file: &str) -> Vec<Block> {
    let block = |block: &str| match block.split_once('\n').unwrap() {
        ("text", output) => Block::Output(output.to_owned()),
        (info, commands) => {
            let status = info.strip_prefix("sh").unwrap().trim();
            let status = status.strip_prefix("exit=").map_or(0, |code| code.parse().unwrap());
            Block::Commands(commands.to_owned(), status)
        }
    };
    file.split("```").skip(1).step_by(2).map(block).collect()
}

/// Runs commands one after the other, the last to this exit status; what they print.
fn run(sandbox: &Sandbox, commands: &str, status: i32) -> String {
    let mut printed = String::new();
    let count = commands.lines().count();
    for (at, command) in commands.lines().enumerate() {
        let arguments: Vec<String> = words(command);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match arguments[0] {
            "mkdir" => fs::create_dir(sandbox.path(arguments[1])).unwrap(),
            "framescope" => {
                let run = sandbox.run(&arguments[1..]);
                let wanted = if at + 1 == count { status } else { 0 };
                assert_eq!(run.code, wanted, "{command}\n{}", run.stderr);
                printed += &run.stdout;
                printed += &run.stderr;
            }
            other => panic!("{other}: no command of the walk-through"),
        }
    }
    printed
}

/// The words of a command line; quotation marks hold some together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

fn copy(from: &Path, sandbox: &Sandbox, to: &str) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{to}/{}", entry.file_name().into_string().unwrap());
        sandbox.write(&name, fs::read(entry.path()).unwrap());
    }
}

/// Every line that stands in the file was printed, in this order; `…` stands for any others.
fn compare(shown: &str, printed: &str) {
    let mut lines = printed.lines().map(str::trim_end);
    let mut skips = false;
    for line in shown.lines() {
        if line == "…" {
            skips = true;
            continue;
        }
        let found = if skips { lines.find(|of| *of == line) } else { lines.next() };
        assert_eq!(found, Some(line), "stands in {FILE}; printed was:\n{printed}");
        skips = false;
    }
    assert!(skips || lines.next().is_none(), "more was printed:\n{printed}");
}

#[test]
fn every_command_of_the_walk_through_does_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sandbox = Sandbox::new();
    copy(&root.join("examples/comparison"), &sandbox, "examples/comparison");
    sandbox.write("labels/codebook.toml", fs::read(root.join("labels/codebook.toml")).unwrap());
    let mut printed = String::new();
    let mut commands = 0;
    for block in blocks(&fs::read_to_string(root.join(FILE)).unwrap()) {
        match block {
            Block::Commands(lines, status) => {
                commands += lines.lines().count();
                printed = run(&sandbox, &lines, status);
            }
            Block::Output(shown) => compare(&shown, &printed),
        }
    }
    assert!(commands > 10, "{commands} commands");
}

/// The coded files are the drawn ones, with nothing changed but the labels.
#[test]
fn the_coded_files_are_those_that_the_sample_gives() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/comparison");
    let sandbox = Sandbox::new();
    sandbox.write("articles.csv", fs::read(root.join("articles.csv")).unwrap());
    sandbox.run(&["classify", "articles.csv", "-o", "tagged.csv"]).succeeds();
    let options = ["-n", "240", "--stratify", "source", "--allocation", "equal"];
    let coders = ["--coders", "anna,ben", "--overlap", "0.25", "-o", "coding"];
    sandbox.run(&[&["sample", "tagged.csv"], &options[..], &coders].concat()).succeeds();
    let rows = |text: &str| -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let row = |row: Result<csv::StringRecord, _>| {
            let row = row.unwrap();
            row.iter().enumerate().filter(|(at, _)| *at != 2).map(|(_, c)| c.to_owned()).collect()
        };
        reader.records().map(row).collect()
    };
    for name in ["anna.csv", "ben.csv"] {
        let drawn = fs::read_to_string(sandbox.path(&format!("coding/{name}"))).unwrap();
        let coded = fs::read_to_string(root.join(name)).unwrap();
        assert_eq!(rows(&drawn), rows(&coded), "{name}");
    }
}
