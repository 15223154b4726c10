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

/// Five sentences each in German, French, Spanish and pinyin.
const FOREIGN: [&str; 20] = [
    "Die Regierung will die Lieferketten der Industrie stärken.",
    "Im neuen Werk werden seit Mai Ventile gegossen.",
    "Der Minister lobte die Ausfuhr von Werkzeugmaschinen.",
    "Niemand weiß, wann die Halle fertig wird.",
    "Die Zölle auf Stahl bleiben vorerst bestehen.",
    "Les exportations de vannes ont progressé au troisième trimestre.",
    "Le ministère promet une usine de panneaux solaires.",
    "Personne ne sait quand la halle sera terminée.",
    "Les droits de douane sur les aciers restent inchangés.",
    "Cette ville attend des visiteurs étrangers au mois de juin.",
    "Las exportaciones de válvulas crecieron este trimestre.",
    "El ministerio promete una fábrica de paneles solares.",
    "Nadie sabe cuándo estará terminada la nave.",
    "Los aranceles sobre el acero siguen igual.",
    "La ciudad espera visitantes extranjeros en junio.",
    "Guanjian hexin jishu bixu zhangwo zai ziji shouli.",
    "Gongchang jinnian genghuan le famen he zhoucheng.",
    "Chukou jixu zengzhang, jinkou que xiajiang.",
    "Zhengfu yao jiaqiang gongye de gongyinglian.",
    "Meiren zhidao xin changfang heshi jiancheng.",
];

/// How many of the sentences in a table carry a flag, and how many there are.
fn flagged(table: &str, flag: &str) -> (usize, usize) {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let flags = reader.headers().unwrap().len() - 1;
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let carries = |row: &&csv::StringRecord| row[flags].split('|').any(|found| found == flag);
    (rows.iter().filter(carries).count(), rows.len())
}

/// The built-in model was not trained on the examples.
#[test]
fn unknown_words_tell_other_languages_from_articles_of_the_kind() {
    let sandbox = Sandbox::new();
    let unknown = |input: &str| {
        let table = sandbox.run(&["classify", input, "--flags"]).succeeds().stdout;
        flagged(&table, "unknown-words")
    };
    sandbox.write("foreign.txt", FOREIGN.join("\n\n"));
    assert_eq!(unknown("foreign.txt"), (20, 20));
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/comparison/articles.csv");
    let (few, all) = unknown(examples);
    println!("{few} of {all} sentences of the examples");
    assert!(all > 300 && few * 20 < all, "{few} of {all}");
}
