//! Sentences unlike those a model knows are flagged.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use support::Sandbox;

#[test]
fn flags_are_the_last_column_and_change_nothing_else() {
    let sandbox = Sandbox::new();
    let known = "Exports of machine tools to Europe rose 7 percent this year.\n".repeat(30);
    sandbox.write("a.txt", &known);
    let output = sandbox.run(&["classify", "a.txt", "--set", "wave=1", "--flags"]).succeeds();
    assert!(output.stderr.is_empty(), "{}", output.stderr);
    let plain = sandbox.run(&["classify", "a.txt", "--set", "wave=1"]).succeeds().stdout;
    let with_flags: Vec<&str> = output.stdout.lines().collect();
    assert!(with_flags[0].ends_with(",wave,flags"));
    for (line, plain) in with_flags.iter().zip(plain.lines()).skip(1) {
        assert_eq!(*line, format!("{plain},"));
    }

    let foreign = "Die Regierung will die Lieferketten der Industrie stärken.\n关键核心技术。\n";
    sandbox.write("b.txt", known + foreign);
    let output = sandbox.run(&["classify", "b.txt", "--flags"]).succeeds();
    assert!(
        output.stdout.contains(",unknown-words\n") && output.stdout.contains(",script|short\n")
    );
    let note = "note: 6% of the sentences lie outside what the model knows (column `flags`)\n";
    assert_eq!(output.stderr, note);

    // A table that has such a column gets a new one.
    sandbox.write("t.csv", "id,text,flags\n1,Exports of steel rose.,old\n");
    let output = sandbox.run(&["classify", "t.csv", "--flags"]).succeeds();
    assert!(!output.stdout.contains("old") && output.stderr.contains("of the name: `flags`"));
}
