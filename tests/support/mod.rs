//! A folder to run the program in.

#![allow(dead_code, unreachable_pub, reason = "every test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A temporary folder; the program runs inside it.
pub struct Sandbox(tempfile::TempDir);

/// What a run of the program gave.
#[derive(Debug)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    pub fn new() -> Self {
        Sandbox(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Names of the files in the folder, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_with_input(arguments, "")
    }

    pub fn run_with_input(&self, arguments: &[&str], input: impl AsRef<[u8]> + Send) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_framescope"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // The program writes while it reads: neither pipe may wait for the other. One that refuses
        // its arguments does not read.
        let output = std::thread::scope(|scope| {
            scope.spawn(move || drop(stdin.write_all(input.as_ref())));
            child.wait_with_output().unwrap()
        });
        Output {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Output {
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// Failed with this status and one short message.
    #[track_caller]
    pub fn fails(self, code: i32, message: &str) -> Self {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert!(self.stderr.contains(message), "{:?} is not in {:?}", message, self.stderr);
        assert!(self.stdout.is_empty(), "{}", self.stdout);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        assert_eq!(self.stderr.trim_end().lines().count(), 1, "{}", self.stderr);
        self
    }
}

/// The rows of an errors file.
pub fn listed(sandbox: &Sandbox) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(sandbox.path("errors.csv")).unwrap();
    assert_eq!(
        reader.headers().unwrap(),
        &["file", "line", "column", "id", "reason", "remedy"][..]
    );
    let row = |row: csv::StringRecord| row.iter().map(str::to_owned).collect();
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// The standard output of a run that skipped so much.
#[track_caller]
pub fn skips(output: Output, summary: &str) -> String {
    assert_eq!(output.code, 1, "{}", output.stderr);
    assert!(output.stderr.trim_end().ends_with(summary), "{}", output.stderr);
    output.stdout
}

/// Sentences of a toy language of two frames: text and labels.
pub const SMALL_LABELS: [(&str, &str); 14] = [
    ("The harbour trade with the islands grew", "trade:good"),
    ("Traders praise the open harbour", "trade:good"),
    ("Foreign trade ruins the village weavers", "trade:bad"),
    ("Cheap harbour goods ruin weavers", "trade:bad"),
    ("The harbour was open on Monday", "trade"),
    ("The chimney smoked all night", "smoke:bad"),
    ("Black smoke hung over the chimney", "smoke:bad"),
    ("Clean chimneys at last and no smoke", "smoke:good"),
    ("Smoke and trade came together to the harbour", "smoke:bad|trade:good"),
    ("The choir sang in the chapel", ""),
    ("A new teacher came in autumn", ""),
    ("The bakery closed at noon", ""),
    ("Rain fell on the chapel roof", ""),
    ("Nobody knew the teacher", ""),
];

/// The small labels, varied a little, in eight documents.
pub fn small_labels() -> String {
    let mut table = "id,text,labels,document,source\n".to_owned();
    for document in 0..8 {
        for (index, (text, labels)) in SMALL_LABELS.iter().enumerate() {
            // Words that stand nowhere else, so that no document is a copy of another.
            let word = |k: usize| format!("q{}", (14 * document + index) * 14 + k);
            let end: Vec<String> = (0..14).map(word).collect();
            let end = end.join(" ");
            table += &format!("{document}-{index},{text} {end},{labels},d{document},paper\n");
        }
    }
    table
}

/// Six sentences of three documents, coded by three people who do not always agree.
pub fn codings() -> String {
    let mut table = "id,coder,labels,document\n".to_owned();
    for (unit, codes) in ["xx.", "x.x", "...", "xxx", ".?.", "x?x"].iter().enumerate() {
        for (coder, code) in ["anna", "ben", "chen"].iter().zip(codes.chars()) {
            let labels = match code {
                '.' => "",
                '?' => "?",
                _ => "trade:good",
            };
            table += &format!("u{unit},{coder},{labels},d{}\n", unit / 2);
        }
    }
    table
}
