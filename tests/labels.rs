//! What `labels/README.md` promises of the labelled sentences.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail and say so")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use framescope::data::{Codebook, LabelFile, LabelSchema, LabelledRow};
use framescope::text::words;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn codebook() -> Codebook {
    Codebook::read(&root().join("labels/codebook.toml")).unwrap()
}

fn read(name: &str) -> LabelFile {
    let path: PathBuf = root().join("labels").join(name);
    LabelFile::read(&[path], Some(&codebook()), LabelSchema::WithText).unwrap()
}

fn tokens(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    words(&lower).map(|range| lower[range].to_owned()).collect()
}

fn shingles(text: &str, length: usize) -> HashSet<Vec<String>> {
    tokens(text).windows(length).map(<[String]>::to_vec).collect()
}

#[test]
fn there_are_enough_sentences_in_short_dated_articles() {
    let file = read("sentences.csv");
    assert!(file.rows.len() >= 6000);
    let mut documents: BTreeMap<&str, Vec<&LabelledRow>> = BTreeMap::new();
    for row in &file.rows {
        documents.entry(row.document.as_deref().unwrap()).or_default().push(row);
    }
    assert!(documents.len() >= 400);
    let column = |name: &str| file.extra_columns.iter().position(|known| known == name).unwrap();
    let (source, date) = (column("source"), column("date"));
    for (name, rows) in &documents {
        assert!((8..=20).contains(&rows.len()), "{name} has {} sentences", rows.len());
        for row in rows {
            assert_eq!(row.extra[source], rows[0].extra[source], "{name}");
            assert_eq!(row.extra[date], rows[0].extra[date], "{name}");
            let year: u32 = row.extra[date][..4].parse().unwrap();
            assert!((2010..=2026).contains(&year));
        }
    }
    let vocabulary: BTreeSet<String> = file.rows.iter().flat_map(|row| tokens(&row.text)).collect();
    assert!(vocabulary.len() >= 12_000, "{} distinct words", vocabulary.len());
}

#[test]
fn every_frame_and_stance_is_there_often_enough() {
    let file = read("sentences.csv");
    let gold = file.gold().unwrap();
    let none = gold.iter().filter(|(_, labels)| labels.is_empty()).count();
    let several = gold.iter().filter(|(_, labels)| labels.len() > 1).count();
    let share = none as f64 / gold.len() as f64;
    assert!((0.45..=0.60).contains(&share), "{share} without a frame");
    assert!(several >= 500, "{several} with several frames");
    let stance = |name| file.codebook.stance(name).unwrap();
    for (frame, name) in file.codebook.frame_names().into_iter().enumerate() {
        let with = |wanted| {
            let stances = gold.iter().map(|(_, labels)| labels.stance(frame));
            stances.filter(|&stance| stance == Some(wanted)).count()
        };
        assert!(gold.iter().filter(|(_, labels)| labels.contains(frame)).count() >= 600, "{name}");
        assert!(with(stance("oppose")) >= 120 && with(stance("neutral")) >= 120, "{name}");
    }
    assert!(gold.iter().all(|(_, labels)| labels.iter().all(|label| label.stance.is_some())));
}

#[test]
fn near_duplicates_are_rare() {
    let file = read("sentences.csv");
    let all: Vec<HashSet<Vec<String>>> =
        file.rows.iter().map(|row| shingles(&row.text, 5)).collect();
    let mut holders: HashMap<&Vec<String>, Vec<usize>> = HashMap::new();
    for (index, shingles) in all.iter().enumerate() {
        for shingle in shingles {
            holders.entry(shingle).or_default().push(index);
        }
    }
    let mut alike = BTreeSet::new();
    for holders in holders.values() {
        for (position, &a) in holders.iter().enumerate() {
            for &b in &holders[..position] {
                let common = all[a].intersection(&all[b]).count() as f64;
                if common / (all[a].len() + all[b].len()) as f64 > 1.0 / 3.0 {
                    // A Jaccard similarity above one half.
                    alike.extend([a, b]);
                }
            }
        }
    }
    assert!(alike.len() * 100 < file.rows.len(), "{} near-duplicates", alike.len());
}

#[test]
fn nothing_is_taken_from_the_development_texts() {
    let folder = root().join("../shared/dev");
    if !folder.exists() {
        println!("skipped: {} is not here", folder.display());
        return;
    }
    let mut foreign = shingles(&std::fs::read_to_string(folder.join("gold.csv")).unwrap(), 8);
    for entry in std::fs::read_dir(folder.join("articles")).unwrap() {
        foreign.extend(shingles(&std::fs::read_to_string(entry.unwrap().path()).unwrap(), 8));
    }
    for row in &read("sentences.csv").rows {
        assert!(shingles(&row.text, 8).is_disjoint(&foreign), "{}: {}", row.id, row.text);
    }
}

/// What is decided stands in the codings themselves where all agree, else in the adjudication.
#[test]
fn labels_are_what_the_codings_and_the_adjudication_give() {
    for (labels, codings) in
        [("sentences.csv", "codings.csv"), ("contrast.csv", "contrast-codings.csv")]
    {
        let codebook = codebook();
        let rows = |name: &str| -> Vec<BTreeMap<String, String>> {
            let mut reader = csv::Reader::from_path(root().join("labels").join(name)).unwrap();
            reader.deserialize().map(Result::unwrap).collect()
        };
        let mut coded: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in rows(codings) {
            coded.entry(row["id"].clone()).or_default().insert(row["labels"].clone());
        }
        let decided: BTreeMap<String, String> = rows("adjudication.csv")
            .into_iter()
            .map(|row| {
                assert!(!row["reason"].is_empty(), "{}", row["id"]);
                (row["id"].clone(), row["labels"].clone())
            })
            .collect();
        let file = read(labels);
        for (row, found) in file.gold().unwrap() {
            let found = found.display(&codebook).to_string();
            match decided.get(&row.id) {
                Some(decided) => assert_eq!(&found, decided, "{}", row.id),
                None => assert_eq!(coded[&row.id], BTreeSet::from([found]), "{}", row.id),
            }
        }
        assert_eq!(file.rows.len(), coded.len());
    }
}

#[test]
fn decided_examples_are_adjudicated_sentences() {
    let codebook = codebook();
    let file = read("sentences.csv");
    let gold: HashMap<&str, (&str, String)> = file
        .gold()
        .unwrap()
        .into_iter()
        .map(|(row, found)| {
            (row.text.as_str(), (row.id.as_str(), found.display(&codebook).to_string()))
        })
        .collect();
    let adjudication = std::fs::read_to_string(root().join("labels/adjudication.csv")).unwrap();
    assert!(codebook.examples.len() >= 10);
    for example in &codebook.examples {
        let (id, labels) = &gold[example.text.as_str()];
        assert_eq!(&example.labels, labels, "{id}");
        assert!(adjudication.lines().any(|line| line.starts_with(&format!("{id},"))), "{id}");
    }
}

#[test]
fn hard_sentences_are_pairs_of_their_own() {
    let (hard, file) = (read("contrast.csv"), read("sentences.csv"));
    assert!(hard.rows.len() >= 500);
    let texts: HashSet<&str> = file.rows.iter().map(|row| row.text.as_str()).collect();
    let mut pairs: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &hard.rows {
        assert!(!texts.contains(row.text.as_str()), "{}", row.id);
        *pairs.entry(row.document.as_deref().unwrap()).or_default() += 1;
    }
    assert!(pairs.values().all(|&count| count == 2));
}
