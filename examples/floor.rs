//! The scorer beside the floor of its job, in turns, so that a noisy minute hits both.
//!
//! ```sh
//! cargo run --release --example floor -- 5000 100
//! ```
//!
//! takes 5,000 sentences of the benches' corpus that the model has not learnt from, 100 times over,
//! and prints medians in MB/s and the factor between them. With a third argument, `floor` or `scorer`,
//! only that one runs, or with `none` neither: `perf stat` then counts what a sentence takes.

#[path = "../benches/support/mod.rs"]
mod support;

use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use framescope::features::Scratch;
use support::{FRAMES, floor, floor_table};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (sentences, rounds, only) = match arguments.as_slice() {
        [sentences, rounds] => (sentences, rounds, None),
        [sentences, rounds, only] => (sentences, rounds, Some(only.as_str())),
        _ => return Err("give how many sentences, and how many rounds".into()),
    };
    let runs = |name| only.is_none_or(|only| only == name);
    let (count, rounds): (usize, usize) = (sentences.parse()?, rounds.parse()?);
    let sentences = support::sentences(200 * (20_000 + count));
    let sample = sentences.get(20_000..20_000 + count).ok_or("too many sentences")?;
    let classifier = support::classifier(&sentences, support::words());
    let (scorer, table) = (classifier.scorer(), floor_table());
    let (mut scratch, mut found) = (Scratch::default(), [0.0; FRAMES]);
    let mut seconds = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        let start = Instant::now();
        if runs("floor") {
            black_box(sample.iter().map(|sentence| floor(sentence, &table)[0]).sum::<f32>());
        }
        seconds[0].push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        for sentence in sample.iter().filter(|_| runs("scorer")) {
            scorer.frame_probabilities(sentence, &mut scratch, &mut found);
            black_box(&found);
        }
        seconds[1].push(start.elapsed().as_secs_f64());
    }
    let [floor, scorer] = seconds.map(|mut of| {
        of.sort_by(f64::total_cmp);
        of[of.len() / 2]
    });
    let bytes: usize = sample.iter().map(String::len).sum();
    let speed = |seconds: f64| bytes as f64 / seconds / 1e6;
    let (of_floor, of_scorer) = (speed(floor), speed(scorer));
    let factor = scorer / floor;
    writeln!(std::io::stdout(), "floor {of_floor:.0}, scorer {of_scorer:.0}, factor {factor:.2}")?;
    Ok(())
}
