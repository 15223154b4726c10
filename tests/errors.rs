//! Every fault gives one message with place and remedy, the right status, and no half-written file.

mod support;

use support::{Sandbox, small_labels};

const TRAIN: [&str; 4] = ["train", "labels.csv", "-o", "m.framescope"];

/// Trains on a faulty label file.
#[track_caller]
fn train_fails(labels: impl AsRef<[u8]>, code: i32, message: &str) {
    let sandbox = Sandbox::new();
    sandbox.write("labels.csv", labels);
    sandbox.run(&TRAIN).fails(code, message);
    assert_eq!(sandbox.files(), ["labels.csv"], "nothing may be left behind");
}

#[test]
fn label_files_at_fault_are_named_with_line_and_column() {
    train_fails(
        "id,labels\n1,a\n",
        1,
        "labels.csv, line 1: there is no column `text`; the columns are `id`, `labels`",
    );
    train_fails(
        "id,text,labels\n1,x y,a\n1,y z,b\n",
        1,
        "labels.csv, line 3, column `id`: `1` by coder `labels` stands twice (first: labels.csv, line 2)",
    );
    train_fails(
        b"id,text,labels\n1,caf\xe9,a\n",
        1,
        "labels.csv, line 2, column 6: byte 0xE9 is not UTF-8; save the file as UTF-8",
    );
    train_fails(
        "id,text,labels\n1,\"x y,a\n2,z,b\n",
        1,
        "labels.csv, line 2: the quote opened in this row is never closed",
    );
    train_fails("id,text,labels\n1,x,a,b\n", 1, "labels.csv, line 2: this row has 4 cells");
    train_fails("", 1, "labels.csv: the table is empty");
    train_fails("id,text,labels\n", 1, "labels.csv: there is no row below the header");
    train_fails("id,text,labels\n1,x y,?\n", 1, "no row carries a label");
    train_fails("id,text,labels\n1,x y,a:b:c\n", 1, "line 2, column `labels`");
    train_fails(
        "id,text,labels\n1,,a\n",
        1,
        "labels.csv, line 2, column `text`: the text is empty",
    );
    train_fails("id,text,labels,coder\n1,x,a,p\n1,x,a,q\n", 1, "is coded by `p` and by `q`");
}

#[test]
fn frames_that_nothing_can_be_learnt_of_are_named() {
    train_fails(
        "id,text,labels\n1,x y,a\n2,y z,a\n",
        1,
        "labels.csv: every sentence carries the frame `a`",
    );
    let few = "id,text,labels,document\n1,x y,a,d\n2,y z,,d\n3,x z,a,d\n";
    train_fails(few, 1, "all sentences stand in one document");
    let one = "id,text,labels,document\n1,x y,a,d\n2,y z,,e\n3,x z,,f\n";
    train_fails(one, 1, "the frame `a` is found in too few documents");
}

#[test]
fn a_codebook_decides_which_frames_are_known() {
    let sandbox = Sandbox::new();
    sandbox.write("labels.csv", small_labels());
    sandbox.write("c.toml", "[[frame]]\nname = 'trade'\n[[stance]]\nname = 'good'\n");
    let train = [&TRAIN[..], &["--codebook", "c.toml"]].concat();
    sandbox.run(&train).fails(1, "labels.csv, line 4, column `labels`: unknown stance `bad`");
    sandbox.write("c.toml", "[[frame]]\nname = 'trade'\nnmae = 'x'\n");
    sandbox.run(&train).fails(1, "c.toml, line 3: unknown field `nmae`");
    sandbox.write("c.toml", "frame = 1");
    sandbox.run(&train).fails(1, "c.toml, line 1: ");
    assert_eq!(sandbox.files(), ["c.toml", "labels.csv"]);
}

#[test]
fn models_at_fault_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("labels.csv", small_labels());
    sandbox.write("a.txt", "Imports fell.");
    sandbox.run(&TRAIN).succeeds();
    let model = std::fs::read(sandbox.path("m.framescope")).unwrap();
    let classify = |bytes: &[u8], message: &str| {
        sandbox.write("bad.framescope", bytes);
        let arguments = ["classify", "a.txt", "-m", "bad.framescope", "-o", "out.csv"];
        sandbox.run(&arguments).fails(1, message);
        assert!(!sandbox.path("out.csv").exists());
    };
    classify(b"", "bad.framescope: the file is empty");
    for cut in [1, 7, 100, 2000, model.len() / 2, model.len() - 1] {
        classify(&model[..cut], "bad.framescope: ");
    }
    classify(&model[..model.len() - 1], "the model file is damaged or cut short");
    classify(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01 and some more", "this is no framescope model");
    let at = model.windows(18).position(|bytes| bytes == b"format_version\\\":1").unwrap();
    let mut newer = model.clone();
    newer[at + 17] = b'9';
    classify(&newer, "format version 9, this program reads up to 1; use a newer framescope");
    // Damage anywhere either shows or changes numbers; it never ends in a panic.
    for at in (0..model.len()).step_by(model.len() / 60) {
        let mut damaged = model.clone();
        damaged[at] ^= 0xff;
        sandbox.write("bad.framescope", &damaged);
        let output = sandbox.run(&["classify", "a.txt", "-m", "bad.framescope"]);
        assert!(!output.stderr.contains("panicked"), "byte {at}: {}", output.stderr);
    }
}

#[test]
fn missing_inputs_and_places_that_cannot_be_written_are_named() {
    let sandbox = Sandbox::new();
    sandbox.write("labels.csv", small_labels());
    sandbox.write("a.txt", "Imports fell.");
    sandbox.write("a.pdf", "%PDF");
    sandbox.write("empty/readme", "");
    sandbox.run(&["classify", "b.txt"]).fails(1, "b.txt: cannot read");
    sandbox.run(&["classify", "a.pdf"]).fails(1, "a.pdf: this is no article framescope reads");
    sandbox.run(&["classify", "empty"]).fails(1, "empty: this folder holds no article");
    sandbox.run(&["classify", "a.txt", "a.txt"]).fails(1, "named twice");
    sandbox
        .run(&["classify", "a.txt", "-m", "none.framescope"])
        .fails(1, "none.framescope: cannot read");
    sandbox.run(&["classify", "a.txt", "-o", "no/out.csv"]).fails(1, "no/out.csv: cannot write");
    let onto_itself = ["classify", "a.txt", "-o", "a.txt", "--format", "csv"];
    sandbox.run(&onto_itself).fails(2, "this is an input");
    sandbox.run(&["train", "labels.csv", "-o", "labels.csv"]).fails(2, "this is an input");
    sandbox.run(&["classify", "a.txt", "-o", "empty"]).fails(1, "it is a folder");
    sandbox.run(&["classify", "a.txt", "-o", "/dev/null"]).succeeds();
    sandbox
        .run(&["classify", "a.txt", "-o", "empty/x.pdf"])
        .fails(2, "no format goes by this ending");
    sandbox.run(&["train", "labels.csv", "-o", "no/m.framescope"]).fails(1, "cannot write");
    sandbox.run(&["train", "labels.csv", "-o", "empty"]).fails(1, "it is a folder");
    sandbox.run(&["train", "none.csv", "-o", "m.framescope"]).fails(1, "none.csv: cannot read");
    sandbox.run(&["evaluate", "a.txt"]).fails(1, "a.txt: this is no table framescope knows");
    sandbox.run(&["agree", "labels.csv"]).fails(1, "there is one coder only (`labels`)");
    assert_eq!(sandbox.files(), ["a.pdf", "a.txt", "empty", "labels.csv"]);
}

#[test]
fn bad_utf8_in_an_article_leaves_no_table() {
    let sandbox = Sandbox::new();
    sandbox.write("in/a.txt", "Imports fell.");
    sandbox.write("in/b.txt", b"Zw\xc3\xb6lf\n\xc3\x84pfel \xff");
    sandbox
        .run(&["classify", "in", "-o", "out.csv", "--on-error", "stop"])
        .fails(1, "in/b.txt, line 2, column 7: byte 0xFF is not UTF-8");
    assert_eq!(sandbox.files(), ["in"]);
}

#[test]
fn an_output_that_is_there_survives_a_failure() {
    let sandbox = Sandbox::new();
    sandbox.write("out.csv", "precious");
    sandbox.write("a.txt", b"\0\xff");
    let stop = ["classify", "a.txt", "-o", "out.csv", "--on-error", "stop"];
    sandbox.run(&stop).fails(1, "a.txt, line 1, column 2");
    assert_eq!(std::fs::read(sandbox.path("out.csv")).unwrap(), b"precious");
}

#[test]
fn a_table_that_cannot_begin_is_not_begun() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.txt", [0, 0xff]);
    let output = sandbox.run(&["classify", "bad.txt", "--on-error", "stop"]);
    assert_eq!((output.code, output.stdout.as_str()), (1, ""));
}

#[test]
fn wrong_usage_is_told_from_wrong_data() {
    let sandbox = Sandbox::new();
    sandbox.write("labels.csv", small_labels());
    for arguments in [
        &["nothing"][..],
        &["train", "labels.csv"],
        &["train", "labels.csv", "-o", "m.framescope", "--C", "-1"],
        &["train", "labels.csv", "-o", "m.framescope", "--ngrams", "3-1"],
        &["train", "labels.csv", "-o", "m.framescope", "--min-df", "x"],
        &["train", "labels.csv", "-o", "m.framescope", "--threads", "0"],
        &["evaluate", "labels.csv", "-m", "x", "--predictions", "y"],
    ] {
        assert_eq!(sandbox.run(arguments).code, 2, "{arguments:?}");
    }
    let none = ["--ngrams", "none", "--char-ngrams", "none"];
    sandbox.run(&[&TRAIN[..], &none].concat()).fails(2, "ngrams: words or characters");
    let weighted = ["--solver", "linfa", "--class-weight", "balanced"];
    sandbox.run(&[&TRAIN[..], &weighted].concat()).fails(2, "or `--solver sparse`");
    sandbox
        .run(&[&TRAIN[..], &["--group-by", "nothing"]].concat())
        .fails(1, "there is no column `nothing` to group by");
    assert_eq!(sandbox.files(), ["labels.csv"]);
}

#[test]
fn predictions_must_cover_the_gold_labels() {
    let sandbox = Sandbox::new();
    sandbox.write("gold.csv", "id,text,labels\n1,x y,a\n2,y z,b|a\n");
    sandbox.write("said.csv", "id,labels\n1,a\n");
    let evaluate = ["evaluate", "gold.csv", "--predictions", "said.csv"];
    sandbox.run(&evaluate).fails(1, "there is no prediction for `2` (gold.csv, line 3)");
    sandbox.write("said.csv", "id,labels,p.a,p.b\n1,a,.9,0\n2,b,2,0\n");
    sandbox.run(&evaluate).fails(1, "said.csv, line 3, column `p.a`: `2` is no probability");
    sandbox.write("said.csv", "id,labels\n1,c\n2,b\n");
    sandbox.run(&evaluate).fails(1, "unknown frame `c`; the codebook has `a`, `b`");
}

/// Two names of one file would leave one of two results.
#[test]
fn outputs_have_names_of_their_own() {
    let sandbox = Sandbox::new();
    sandbox.write("a.csv", "id,text\n1,Rain fell.\nfew\n");
    sandbox.write("c.csv", support::codings());
    sandbox.write("labels.csv", small_labels());
    let files = sandbox.files();
    let here = sandbox.path("t.csv").display().to_string();
    for arguments in [
        &["classify", "a.csv", "-o", "t.csv", "--errors", "./t.csv"][..],
        &["classify", "a.csv", "-o", "t.csv", "--errors", &here],
        &["sample", "a.csv", "-n", "1", "-o", "t.csv", "--errors", "./t.csv"],
        &["sample", "a.csv", "-n", "1", "--coders", "x,y", "-o", "t.csv", "--errors", "t.x.csv"],
        &["agree", "c.csv", "-o", "./t.csv", "--errors", "t.csv"],
        &["agree", "c.csv", "-o", "t.csv", "--disagreements", "./t.csv"],
        &["compare", "a.csv", "--by", "x", "-o", "t.csv", "--errors", "./t.csv"],
        &["evaluate", "labels.csv", "--csv", "t.csv", "--suspects", "./t.csv"],
        &["evaluate", "labels.csv", "--csv", "t.csv", "--errors", "t.csv"],
        &["train", "labels.csv", "-o", "t.csv", "--errors", "./t.csv"],
    ] {
        sandbox.run(arguments).fails(2, "two outputs have one name");
        assert_eq!(sandbox.files(), files);
    }
}
