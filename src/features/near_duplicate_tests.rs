use super::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const LEVELS: [f64; 6] = [0.05, 0.10, 0.15, 0.20, 0.25, 0.30];

/// The documents of `labels/sentences.csv`, each as its words with what stands between them.
fn articles() -> Vec<Vec<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/labels/sentences.csv");
    let mut documents: Vec<(String, Vec<String>)> = Vec::new();
    for record in csv::Reader::from_path(path).unwrap().records() {
        let record = record.unwrap();
        if documents.last().is_none_or(|(name, _)| *name != record[3]) {
            documents.push((record[3].to_owned(), Vec::new()));
        }
        let words = record[1].split_whitespace().map(str::to_owned);
        documents.last_mut().unwrap().1.extend(words);
    }
    documents.into_iter().map(|(_, words)| words).collect()
}

/// A number below `end`.
fn below(random: &mut ChaCha8Rng, end: usize) -> usize {
    (random.next_u64() % end as u64) as usize
}

fn chance(random: &mut ChaCha8Rng, share: f64) -> bool {
    (random.next_u32() as f64) < share * 2_f64.powi(32)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Edit {
    /// Words replaced by others, drawn from all articles, here and there.
    Substitution,
    /// Words left out here and there.
    Deletion,
    /// A paragraph left out.
    DroppedParagraph,
    /// The beginning replaced by text that stands in no article at such length.
    NewLead,
    /// A quarter of each.
    All,
}

const EDITS: [Edit; 5] =
    [Edit::Substitution, Edit::Deletion, Edit::DroppedParagraph, Edit::NewLead, Edit::All];

fn edited(
    words: &[String],
    edit: Edit,
    level: f64,
    articles: &[Vec<String>],
    random: &mut ChaCha8Rng,
) -> Vec<String> {
    let run = (level * words.len() as f64).round() as usize;
    let other = below(random, articles.len());
    match edit {
        Edit::Substitution => words
            .iter()
            .map(|word| match chance(random, level) {
                true => articles[other][below(random, articles[other].len())].clone(),
                false => word.clone(),
            })
            .collect(),
        Edit::Deletion => words.iter().filter(|_| !chance(random, level)).cloned().collect(),
        Edit::DroppedParagraph => {
            let at = below(random, words.len() - run);
            [&words[..at], &words[at + run..]].concat()
        }
        Edit::NewLead => [&new_text(run, 10, articles, random), &words[run..]].concat(),
        Edit::All => EDITS[..4].iter().fold(words.to_vec(), |words, &edit| {
            edited(&words, edit, level / 4.0, articles, random)
        }),
    }
}

/// Text put together of so many words from here and so many from there.
fn new_text(
    words: usize,
    run: usize,
    articles: &[Vec<String>],
    random: &mut ChaCha8Rng,
) -> Vec<String> {
    let mut text = Vec::new();
    while text.len() < words {
        let other = &articles[below(random, articles.len())];
        let at = below(random, other.len() - run);
        text.extend_from_slice(&other[at..at + run]);
    }
    text.truncate(words);
    text
}

/// Of copies behind their originals: the share found, and the share of pairs found that are right.
fn recall_and_precision(documents: &[String], threshold: f64, sketching: Sketching) -> (f64, f64) {
    let clusters = find(documents, threshold, sketching);
    let originals = documents.len() / 2;
    let of = clusters.of_document();
    let found = (0..originals).filter(|&index| of[index] == of[originals + index]).count();
    let mut sizes = vec![0_usize; clusters.count()];
    of.iter().for_each(|&cluster| sizes[cluster] += 1);
    let pairs: usize = sizes.iter().map(|size| size * (size - 1) / 2).sum();
    (found as f64 / originals as f64, found as f64 / pairs.max(1) as f64)
}

fn with_copies(articles: &[Vec<String>], edit: Edit, level: f64) -> Vec<String> {
    let mut random = ChaCha8Rng::seed_from_u64((1000.0 * level) as u64);
    let copies =
        articles.iter().map(|words| edited(words, edit, level, articles, &mut random).join(" "));
    let originals = articles.iter().map(|words| words.join(" "));
    originals.chain(copies.collect::<Vec<_>>()).collect()
}

/// The share of articles joined with another when all have the same paragraph, as long as `share` of
/// them.
fn joined_by_boilerplate(
    articles: &[Vec<String>],
    share: f64,
    threshold: f64,
    sketching: Sketching,
) -> f64 {
    let paragraph: Vec<String> = articles[..4].concat();
    let documents: Vec<String> = articles[4..]
        .iter()
        .map(|words| {
            let run = (share * words.len() as f64).round() as usize;
            [&words[run..], &paragraph[..run]].concat().join(" ")
        })
        .collect();
    let clusters = find(&documents, threshold, sketching);
    1.0 - (clusters.count() - 1) as f64 / (documents.len() - 1) as f64
}

/// Pieces of 150 words, then documents `ratio` times as long, each with a piece in it of which 10
/// percent of the words are replaced.
fn pieces_within(articles: &[Vec<String>], ratio: f64) -> Vec<String> {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let pieces: Vec<&[String]> =
        articles.iter().map(|words| &words[..words.len().min(150)]).collect();
    let whole = pieces.iter().map(|piece| {
        let copy = edited(piece, Edit::Substitution, 0.1, articles, &mut random);
        let rest = ((ratio - 1.0) * piece.len() as f64) as usize;
        [&copy[..], &new_text(rest, 10, articles, &mut random)].concat().join(" ")
    });
    let whole: Vec<String> = whole.collect();
    pieces.iter().map(|piece| piece.join(" ")).chain(whole).collect()
}

#[test]
fn planted_copies_are_found() {
    let articles = articles();
    println!("{:18}  recall and precision at each level of edits", "");
    println!("{:18}{}", "", LEVELS.map(|level| format!("{:14.0} %", 100.0 * level)).concat());
    for edit in EDITS {
        let of_level = |level| {
            let documents = with_copies(&articles, edit, level);
            recall_and_precision(&documents, COPY_THRESHOLD, SKETCHING)
        };
        let found = LEVELS.map(of_level);
        let cells = found.map(|(recall, precision)| format!("  {recall:6.3} {precision:7.3}"));
        println!("{:18}{}", format!("{edit:?}"), cells.concat());
        assert!(found.iter().all(|of| of.0 >= 0.99 && of.1 >= 0.99), "{edit:?}");
    }
}

#[test]
fn a_paragraph_of_all_joins_none_and_pieces_are_found_in_longer_documents() {
    let articles = articles();
    for share in LEVELS {
        let joined = joined_by_boilerplate(&articles, share, COPY_THRESHOLD, SKETCHING);
        println!("joined by a paragraph of {:.0} % of all: {joined:.3}", 100.0 * share);
        assert!(joined <= 0.01);
    }
    for (ratio, least) in
        [(1.5, 0.99), (2.0, 0.99), (3.0, 0.99), (4.0, 0.99), (5.0, 0.9), (6.0, 0.0)]
    {
        let documents = pieces_within(&articles, ratio);
        let (recall, precision) = recall_and_precision(&documents, COPY_THRESHOLD, SKETCHING);
        println!("pieces in documents {ratio} times as long: {recall:.3}, {precision:.3}");
        assert!(recall >= least && precision >= 0.99);
    }
}

#[test]
fn no_other_constants_do_as_well() {
    let articles: Vec<Vec<String>> = articles().into_iter().step_by(4).collect();
    let heavily = with_copies(&articles, Edit::Substitution, 0.3);
    let judge = |name: &str, threshold, sketching| {
        let recall = recall_and_precision(&heavily, threshold, sketching).0;
        let joined = joined_by_boilerplate(&articles, 0.3, threshold, sketching);
        println!("{name:24} recall {recall:.3}, joined by a paragraph {joined:.3}");
        (recall, joined)
    };
    let (recall, joined) = judge("as they are", COPY_THRESHOLD, SKETCHING);
    assert!(recall >= 0.99 && joined <= 0.01);
    // Copies that are not found, or articles joined by a paragraph.
    let falls_short = |(other, joined): (f64, f64)| other < recall - 0.01 || joined > 0.01;
    for threshold in [0.3, 0.5] {
        assert!(falls_short(judge(&format!("at {threshold}"), threshold, SKETCHING)));
    }
    for compared in [3, 5] {
        let sketching = Sketching { compared, ..SKETCHING };
        for threshold in [0.2, COPY_THRESHOLD] {
            let name = format!("runs of {compared} at {threshold}");
            assert!(falls_short(judge(&name, threshold, sketching)), "{name}");
        }
    }
    for (bands, sketched) in [(32, 4), (64, 5)] {
        let sketching = Sketching { bands, sketched, ..SKETCHING };
        let name = format!("{bands} hashes of runs of {sketched}");
        assert!(falls_short(judge(&name, COPY_THRESHOLD, sketching)), "{name}");
    }
}

#[test]
fn headlines_are_copies_only_where_all_words_are_the_same() {
    let headlines = [
        "Exports rise 5 percent in May",
        "Exports rise 7 percent in May",
        "EXPORTS RISE 5 PERCENT IN MAY!",
        "China, exports",
        "China exports",
        "Exports, China",
        "…",
        "…",
        "",
        "",
    ];
    assert_eq!(near_duplicates(&headlines, COPY_THRESHOLD), [0, 1, 0, 2, 2, 3, 4, 5, 6, 7]);
    assert!(near_duplicates::<&str>(&[], COPY_THRESHOLD).is_empty());
    // A longer text is a copy of itself whatever the threshold.
    let article = articles()[0].join(" ");
    for threshold in [2.0, f64::NAN] {
        assert_eq!(near_duplicates(&[&article, "other", &article], threshold), [0, 1, 0]);
    }
}

#[test]
fn a_digest_does_not_join_its_pieces() {
    let articles = articles();
    let digest: Vec<String> = articles[..3].iter().map(|words| words[..150].join(" ")).collect();
    let mut documents = digest.clone();
    documents.push(digest.join("\n"));
    let clusters = NearDuplicates::find(&documents, COPY_THRESHOLD);
    assert_eq!(clusters.count(), 3, "{clusters:?}");
    assert_eq!(clusters.of_document()[..3], [0, 1, 2]);
}

#[test]
fn what_is_repeated_ten_thousand_times_is_one_document() {
    let article = articles()[0].join(" ");
    let copies = (0..10_000).map(|number| format!("{article} Printed as number {}", number / 2));
    let documents: Vec<String> = copies.collect();
    assert_eq!(NearDuplicates::find(&documents, COPY_THRESHOLD).count(), 1);
}

#[test]
fn threads_do_not_change_the_clusters() {
    let documents = with_copies(&articles()[..200], Edit::Substitution, 0.3);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| near_duplicates(&documents, 0.5))
    };
    assert_eq!(run(1), run(5));
}
