//! Folders of articles: what in them is read, what is listed as not read, and what it is called.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use support::{Sandbox, listed, skips};

#[test]
fn links_that_lead_nowhere_are_files_at_fault() {
    let sandbox = Sandbox::new();
    sandbox.write("in/a.txt", "Rain.");
    let expected = sandbox.run(&["classify", "in"]).succeeds().stdout;
    std::os::unix::fs::symlink("nowhere", sandbox.path("in/b.txt")).unwrap();
    for inputs in [&["in"][..], &["in/a.txt", "in/b.txt"], &["in/*.txt"]] {
        let output = sandbox.run(&[&["classify"], inputs].concat());
        assert!(output.stderr.contains("note: skipped: in/b.txt: cannot read: No such file"));
        assert_eq!(skips(output, "1 item skipped (1 file)"), expected);
    }
}

#[test]
fn links_in_a_folder_that_lead_out_of_it_are_not_followed() {
    let sandbox = Sandbox::new();
    sandbox.write("private/secret.txt", "Nobody named this file.");
    sandbox.write("in/a.txt", "Rain.");
    sandbox.write("in/below/b.txt", "Snow.");
    let link = |from: &str, to: &str| std::os::unix::fs::symlink(to, sandbox.path(from)).unwrap();
    link("in/c.txt", "../private/secret.txt");
    link("in/d.txt.gz", "../private/secret.txt");
    // Within the folder a link is as good as a file; a folder behind a link is searched where it
    // stands.
    link("in/e.txt", "below/b.txt");
    link("in/f", "../private");
    link("in/g", "below");
    link("in/h", "nowhere");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(sandbox.path("in/i.txt"))
            .status()
            .unwrap()
            .success()
    );
    link("in/j.txt", "/dev/zero");
    // No articles.
    sandbox.write("in/.hidden.txt", "Hidden.");
    link("in/k.docx", "../private/secret.txt");
    let output = sandbox.run(&["classify", "in", "--errors", "errors.csv"]);
    let table = skips(output, "6 items skipped (6 files)");
    assert!(!table.contains("Nobody") && table.contains("\ne:0,") && table.lines().count() == 4);
    let out = "this link leads out of its folder";
    let no_file = "this is no file that could be read to an end";
    let expected = [
        ("in/c.txt", out),
        ("in/d.txt.gz", out),
        ("in/f", out),
        ("in/h", "this link leads nowhere"),
        ("in/i.txt", no_file),
        ("in/j.txt", no_file),
    ];
    let listed: Vec<(String, String)> =
        listed(&sandbox).into_iter().map(|row| (row[0].clone(), row[4].clone())).collect();
    let listed: Vec<(&str, &str)> = listed.iter().map(|(a, b)| (&**a, &**b)).collect();
    assert_eq!(listed, expected);
    for fifo in ["in/i.txt", "in/j.txt"] {
        std::fs::remove_file(sandbox.path(fifo)).unwrap();
    }
    // Who names it, by itself or by a pattern, wants it.
    let named = sandbox.run(&["classify", "in/*.txt"]).succeeds();
    assert!(named.stdout.contains("Nobody"));
    // A folder that is itself a link was named.
    link("linked", "in/below");
    assert!(sandbox.run(&["classify", "linked"]).succeeds().stdout.contains("Snow."));
    // The same for folders of other programs.
    sandbox.write("brat/a.ann", "");
    link("brat/a.txt", "../private/secret.txt");
    let arguments = ["convert", "brat", "--from", "brat", "-o", "labels.csv"];
    sandbox.run(&arguments).fails(1, "brat/a.txt: this link leads out of its folder");
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_stay_apart() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = Sandbox::new();
    sandbox.write("in/c.txt", "Hail.");
    for (name, text) in [
        (&b"a\xff.txt"[..], &b"Rain."[..]),
        (b"a\xfe.txt", b"Snow."),
        (b"b\n\x1b[31m.txt", b"a\0\xff"),
    ] {
        std::fs::write(sandbox.path("in").join(std::ffi::OsStr::from_bytes(name)), text).unwrap();
    }
    let output = sandbox.run(&["classify", "in"]);
    assert!(output.stderr.contains("skipped: in/b\\n\\u{1b}[31m.txt, line 1"), "{}", output.stderr);
    let table = skips(output, "1 item skipped (1 file)");
    assert!(table.contains("\na\\xff:0,") && table.contains("\na\\xfe:0,"), "{table}");
}

#[test]
fn articles_without_a_sentence_are_counted() {
    let sandbox = Sandbox::new();
    sandbox.write("in/a.txt", "");
    sandbox.write("in/b.txt", " \n");
    sandbox.write("in/c.txt", "Hail.");
    sandbox.write("t.csv", "id,text\n1,\n2,Rain.\n");
    let output = sandbox.run(&["classify", "in", "t.csv", "-o", "t.jsonl"]).succeeds();
    assert_eq!(output.stderr, "note: 3 articles hold no sentence\nt.jsonl: 4 files tagged\n");
}
