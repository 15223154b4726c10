//! Runs that are broken off, at any moment and for any reason, and those that go on from there.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::fs::{File, TryLockError};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::{Sandbox, small_labels};

/// A checkpoint after every piece of the input.
const OFTEN: [&str; 2] = ["--checkpoint-pieces", "1"];

fn sentence(i: usize) -> String {
    format!("The no. {i} mill — naïve or not — exports steel. “We wait. We see,” they say.")
}

/// A long text, short ones in a folder, a table whose rows have no names, and small tables: some 4 MB
/// in two dozen pieces.
fn corpus() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut long = String::from("Überschrift\n\n");
    for i in 0..24_000 {
        long += &sentence(i);
        long += if i % 3 == 2 { "\n" } else { " " };
    }
    sandbox.write("long.txt", long);
    for i in 0..600 {
        sandbox.write(&format!("in/{i}.txt"), format!("{}\n\n{}", sentence(i), sentence(i + 1)));
    }
    let table = |rows: std::ops::Range<usize>| {
        let row = |i| format!("\"{}\n{i}\",n{i}\n", sentence(i));
        format!("text,note\n{}", rows.map(row).collect::<String>())
    };
    sandbox.write("table.csv", table(0..9_000));
    SMALL.iter().enumerate().for_each(|(i, name)| sandbox.write(name, table(i..i + 500)));
    sandbox
}

const SMALL: [&str; 12] = [
    "1.csv", "2.csv", "3.csv", "4.csv", "5.csv", "6.csv", "7.csv", "8.csv", "9.csv", "10.csv",
    "11.csv", "12.csv",
];

/// Classifies the corpus.
fn classify<'a>(output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let inputs = ["classify", "1.csv", "long.txt", "in", "table.csv"];
    [&inputs[..], &SMALL[1..], &["-o", output], &OFTEN, more].concat()
}

fn start(sandbox: &Sandbox, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_framescope"))
        .args(arguments)
        .current_dir(sandbox.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until a run has made a file.
fn wait_for(sandbox: &Sandbox, name: &str) {
    let begun = Instant::now();
    while !sandbox.path(name).exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "there is no {name}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// The status and the messages of a run.
fn end(mut child: Child) -> (Option<i32>, String) {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

/// The hidden files that a run left for a later one.
fn left(sandbox: &Sandbox) -> Vec<String> {
    sandbox.files().into_iter().filter(|name| name.starts_with('.')).collect()
}

/// Runs and kills after `delay`; says whether the run was still there to be killed.
fn killed(sandbox: &Sandbox, arguments: &[&str], delay: Duration) -> bool {
    let mut child = start(sandbox, arguments);
    std::thread::sleep(delay);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(status.success() || status.signal() == Some(9), "{:?}", end(child));
    !status.success()
}

#[test]
fn runs_killed_at_any_moment_are_gone_on_with() {
    let sandbox = corpus();
    // Delays between 0 and 1, the same in every run of the test.
    let mut state = 1_u64;
    let mut random = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1 << 24) as f64
    };
    let (mut kills, mut resumable) = (0, 0);
    for (output, wanted) in
        [("t.csv", 15), ("t.csv.gz", 27), ("t.jsonl.zst", 39), ("t.parquet", 52)]
    {
        let begun = Instant::now();
        sandbox.run(&classify(output, &[])).succeeds();
        let time = begun.elapsed().as_secs_f64();
        let unbroken = std::fs::read(sandbox.path(output)).unwrap();
        while kills < wanted {
            std::fs::remove_file(sandbox.path(output)).unwrap();
            let mut more: Vec<&str> = Vec::new();
            for threads in ["1", "2", "3", "2", "1"] {
                let arguments = [&more[..], &["--threads", threads]].concat();
                // Runs that go on have less to do.
                let most = if more.is_empty() { time } else { time / 3.0 };
                let delay = Duration::from_secs_f64(random() * most);
                if !killed(&sandbox, &classify(output, &arguments), delay) {
                    break;
                }
                kills += 1;
                resumable += usize::from(left(&sandbox).len() == 2);
                assert!(!sandbox.path(output).exists());
                more = vec!["--resume"];
            }
            if !sandbox.path(output).exists() {
                sandbox.run(&classify(output, &["--resume"])).succeeds();
            }
            let table = std::fs::read(sandbox.path(output)).unwrap();
            assert!(table == unbroken, "{output} after {kills} kills");
            assert_eq!(left(&sandbox), [""; 0]);
        }
    }
    assert!(resumable > kills / 2, "{resumable} of {kills}");
    println!("{kills} kills, {resumable} of them behind a checkpoint");
}

#[test]
fn compressed_tables_hold_what_plain_ones_hold() {
    let sandbox = corpus();
    for (plain, compressed) in [("a.csv", "b.csv.gz"), ("a.jsonl", "b.jsonl.zst")] {
        sandbox.run(&classify(plain, &[])).succeeds();
        sandbox.run(&classify(compressed, &[])).succeeds();
        let bytes = std::fs::read(sandbox.path(compressed)).unwrap();
        let mut expanded = Vec::new();
        match compressed.ends_with("gz") {
            true => flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut expanded),
            false => zstd::Decoder::new(&bytes[..]).unwrap().read_to_end(&mut expanded),
        }
        .unwrap();
        assert!(std::fs::read(sandbox.path(plain)).unwrap() == expanded, "{compressed}");
    }
}

#[test]
fn signals_leave_what_is_done_and_say_so() {
    let sandbox = corpus();
    sandbox.run(&classify("whole.csv", &[])).succeeds();
    let read = |name| std::fs::read(sandbox.path(name)).unwrap();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let child = start(&sandbox, &classify("t.csv", &[]));
        wait_for(&sandbox, ".t.csv.progress");
        send(signal, &child);
        let message = "error: interrupted; what is done is kept: go on with --resume\n";
        assert_eq!(end(child), (Some(code), message.to_owned()));
        assert_eq!(left(&sandbox), [".t.csv.part", ".t.csv.progress"]);
        let resumed = sandbox.run(&classify("t.csv", &["--resume"])).succeeds();
        assert_eq!(resumed.stderr, "t.csv: 614 files tagged\n");
        assert_eq!(left(&sandbox), [""; 0]);
        assert!(read("t.csv") == read("whole.csv"));
    }

    // Before the first checkpoint there is nothing to keep.
    let child = start(&sandbox, &["classify", "long.txt", "in", "-o", "u.csv"]);
    wait_for(&sandbox, ".u.csv.part");
    send("-INT", &child);
    assert_eq!(end(child), (Some(130), "error: interrupted; nothing is kept\n".to_owned()));
    assert_eq!(left(&sandbox), [""; 0]);
    let anew = sandbox.run(&["classify", "in", "-o", "u.csv", "--resume"]).succeeds();
    assert!(anew.stderr.contains("u.csv: there is nothing to resume"), "{}", anew.stderr);
}

#[test]
fn a_table_is_written_by_one_run_at_a_time() {
    let sandbox = corpus();
    let child = start(&sandbox, &classify("t.csv", &[]));
    wait_for(&sandbox, ".t.csv.progress");
    let spool = File::open(sandbox.path(".t.csv.part")).unwrap();
    assert!(matches!(spool.try_lock(), Err(TryLockError::WouldBlock)));
    assert_eq!(end(child).0, Some(0));

    let spool = File::create(sandbox.path(".t.csv.part")).unwrap();
    spool.lock().unwrap();
    for more in [&[][..], &["--resume"]] {
        let refused = sandbox.run(&classify("t.csv", more));
        refused.fails(1, "t.csv: another run is writing this table");
    }
    assert_eq!(left(&sandbox), [".t.csv.part"]);
    drop(spool);
    sandbox.run(&classify("t.csv", &[])).succeeds();
    assert_eq!(left(&sandbox), [""; 0]);
}

#[test]
fn only_the_same_run_is_gone_on_with() {
    let sandbox = corpus();
    sandbox.write("labels.csv", small_labels());
    sandbox.run(&["train", "labels.csv", "-o", "m.framescope"]).succeeds();
    let child = start(&sandbox, &classify("t.csv", &[]));
    wait_for(&sandbox, ".t.csv.progress");
    send("-INT", &child);
    assert_eq!(end(child).0, Some(130));

    let refused = |more: &[&str], what: &str| {
        let message = format!("t.csv: the run to be resumed differs from this one in its {what};");
        sandbox.run(&classify("t.csv", &[more, &["--resume"]].concat())).fails(1, &message);
        assert_eq!(left(&sandbox), [".t.csv.part", ".t.csv.progress"]);
    };
    refused(&["-m", "m.framescope"], "model");
    refused(&["--probabilities", "all"], "options");
    refused(&["--set", "wave=2"], "options");
    refused(&["--unit", "row"], "options");
    refused(&["labels.csv"], "inputs");
    sandbox.write("in/7.txt", sentence(8));
    refused(&[], "inputs");
    // Without --resume it begins anew, and is done with.
    sandbox.run(&["classify", "in", "-o", "t.csv"]).succeeds();
    assert_eq!(left(&sandbox), [""; 0]);
}

#[test]
fn what_cannot_be_read_or_written_twice_cannot_be_gone_on_with() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", sentence(1));
    let message = "--resume is for files";
    sandbox
        .run_with_input(&["classify", "-", "-o", "t.csv", "--resume"], "Rain.")
        .fails(2, message);
    sandbox.run(&["classify", "a.txt", "-o", "/dev/null", "--resume"]).fails(2, message);
    assert_eq!(sandbox.run(&["classify", "a.txt", "--resume"]).code, 2);
    assert_eq!(sandbox.files(), ["a.txt"]);
}

#[test]
fn a_full_disk_leaves_what_is_done() {
    let sandbox = corpus();
    sandbox.run(&classify("whole.csv", &[])).succeeds();
    let limited = |more: &[&str]| {
        let mut child = Command::new("sh");
        child.args(["-c", "ulimit -f 4000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_framescope")]);
        child.args(classify("t.csv", &[]).iter().filter(|a| !OFTEN.contains(a))).args(more);
        end(child.current_dir(sandbox.path("")).stderr(Stdio::piped()).spawn().unwrap())
    };
    let (code, said) = limited(&[]);
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("t.csv: cannot write: ") && !said.contains("--resume"), "{said}");
    assert_eq!(left(&sandbox), [""; 0]);
    let (code, said) = limited(&OFTEN);
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.ends_with("what is done is kept: go on with --resume\n"), "{said}");
    sandbox.run(&classify("t.csv", &["--resume"])).succeeds();
    let read = |name| std::fs::read(sandbox.path(name)).unwrap();
    assert!(read("t.csv") == read("whole.csv"));
    assert_eq!(left(&sandbox), [""; 0]);

    if sandbox.path("/dev/full").exists() {
        let full = sandbox.run(&["classify", "long.txt", "-o", "/dev/full"]);
        full.fails(1, "/dev/full: cannot write: ");
    }
}

#[test]
fn data_at_fault_leave_nothing() {
    let sandbox = corpus();
    sandbox.write("z.txt", b"\0\xff");
    let stop = ["classify", "long.txt", "z.txt", "-o", "t.csv", "--on-error", "stop"];
    sandbox.run(&[&stop[..], &OFTEN].concat()).fails(1, "z.txt, line 1, column 2");
    assert_eq!(left(&sandbox), [""; 0]);
}

/// What was skipped before a run was broken off is skipped, listed and counted after it, and what is
/// behind a fault stays left out.
#[test]
fn what_was_skipped_is_not_forgotten() {
    let sandbox = corpus();
    for i in 0..40 {
        sandbox.write(&format!("in/{i}-bad.txt"), b"a\0\xff\xfe");
    }
    for (link, to) in [("in/link.txt", "nowhere"), ("in/device.txt", "/dev/zero")] {
        std::os::unix::fs::symlink(to, sandbox.path(link)).unwrap();
    }
    assert!(Command::new("mkfifo").arg(sandbox.path("in/pipe.txt")).status().unwrap().success());
    let table = std::fs::read(sandbox.path("table.csv")).unwrap();
    sandbox.write("table.csv", [&table[..], b"alone\n\"never closed\n", &table].concat());
    let long = std::fs::read(sandbox.path("long.txt")).unwrap();
    sandbox.write("long.txt", [&long[..], b"\xff\n\n", &long].concat());
    let summary = "46 items skipped (43 files, 2 rests of files, 1 row)\n";
    let options = ["--errors", "errors.csv", "--flags", "--probabilities", "all"];
    fn with<'a>(output: &'a str, options: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
        classify(output, &[options, more].concat())
    }
    let read = |name: &str| std::fs::read(sandbox.path(name)).unwrap();
    for (last, ending) in [(1, "csv"), (3, "parquet"), (5, "csv"), (9, "jsonl.gz"), (14, "csv")] {
        let (unbroken, output) = (format!("whole.{ending}"), format!("t.{ending}"));
        let whole = sandbox.run(&with(&unbroken, &options, &[]));
        assert!(whole.code == 1 && whole.stderr.ends_with(summary), "{}", whole.stderr);
        let errors = read("errors.csv");
        std::fs::remove_file(sandbox.path("errors.csv")).unwrap();
        let mut child = start(&sandbox, &with(&output, &options, &["--threads", "2"]));
        let progress = sandbox.path(&format!(".{output}.progress"));
        let lines = || std::fs::read_to_string(&progress).map_or(0, |text| text.lines().count());
        while lines() <= last {
            assert!(child.try_wait().unwrap().is_none(), "it ended before {last} checkpoints");
        }
        child.kill().unwrap();
        end(child);
        assert_eq!(left(&sandbox).len(), 2);
        let resumed = sandbox.run(&with(&output, &options, &["--resume"]));
        assert_eq!((resumed.code, resumed.stderr), (1, whole.stderr.replace(&unbroken, &output)));
        assert!(read(&output) == read(&unbroken) && read("errors.csv") == errors, "{output}");
    }
    // Skipping or stopping is another run.
    let child = start(&sandbox, &with("t.csv", &options, &[]));
    wait_for(&sandbox, ".t.csv.progress");
    send("-INT", &child);
    end(child);
    let other = sandbox.run(&with("t.csv", &options, &["--resume", "--on-error", "stop"]));
    other.fails(1, "the run to be resumed differs from this one in its options");
}

#[test]
fn nobody_need_read_to_the_end() {
    let sandbox = corpus();
    for format in ["csv", "tsv", "jsonl", "view"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_framescope"))
            .args(["classify", "table.csv", "--format", format])
            .current_dir(sandbox.path(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        assert_eq!(end(child), (Some(0), String::new()), "{format}");
    }
}
