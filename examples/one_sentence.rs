//! How long a sentence takes when each is a call of its own, for programs that answer one at a time.
//!
//! ```sh
//! cargo run --release --example one_sentence -- MODEL SENTENCES
//! ```
//!
//! SENTENCES is a text file with a sentence a line. Prints nanoseconds a call; opening the model and
//! reading the file are not counted.

use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use framescope::features::Scratch;
use framescope::model::Classifier;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, sentences] = arguments.as_slice() else {
        return Err("give a model and a file of sentences".into());
    };
    let classifier = Classifier::open(Path::new(model))?;
    let text = std::fs::read_to_string(sentences)?;
    let sentences: Vec<&str> = text.lines().collect();

    let scorer = classifier.scorer();
    let mut scratch = Scratch::default();
    let mut probabilities = vec![0.0; classifier.codebook().frames.len()];
    let start = Instant::now();
    for sentence in &sentences {
        scorer.frame_probabilities(sentence, &mut scratch, &mut probabilities);
        black_box(&probabilities);
    }
    let each = start.elapsed().as_nanos() / sentences.len().max(1) as u128;
    writeln!(std::io::stdout(), "{each}")?;
    Ok(())
}
