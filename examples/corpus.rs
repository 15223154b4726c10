//! Writes the sentences that the benches measure on, with their labels, as CSV: a peer can then be
//! measured on the same. `cargo run --release --example corpus > sentences.csv`

#[path = "../benches/support/mod.rs"]
mod support;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let sentences = support::training_sentences();
    let mut writer = csv::Writer::from_writer(std::io::stdout().lock());
    let frames = (0..support::FRAMES).map(|frame| format!("f{frame}"));
    writer.write_record(std::iter::once("text".to_owned()).chain(frames))?;
    for (sentence, labels) in sentences.iter().zip(support::labels(&sentences)) {
        let present = |frame| if labels.contains(frame) { "1" } else { "0" };
        let fields = std::iter::once(sentence.as_str()).chain((0..support::FRAMES).map(present));
        writer.write_record(fields)?;
    }
    Ok(writer.flush()?)
}
