//! Fits vectoriser and solver once on sentences in CSV (as the example `corpus` writes them) and
//! says how long each took: `benches/peers/fit.py` puts the answer beside scikit-learn's.

#[path = "../benches/support/mod.rs"]
mod support;

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use framescope::features::Ngrams;
use framescope::linfa::ParamGuard;
use framescope::linfa::{DatasetBase, traits::Fit};
use framescope::model::LogisticParams;
use framescope::ndarray::Array2;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("give the CSV file")?;
    let (mut texts, mut labels) = (Vec::new(), Vec::new());
    for record in csv::Reader::from_path(path)?.records() {
        let record = record?;
        texts.push(record[0].to_owned());
        labels.push(record.iter().skip(1).map(|field| field == "1").collect::<Vec<_>>());
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let all: Vec<usize> = (0..texts.len()).collect();

    let start = Instant::now();
    let ngrams = Ngrams::count(&support::words().check()?, &texts)?;
    let tfidf = ngrams.fit(&all)?;
    let rows = ngrams.transform(&tfidf, &all);
    let vectoriser = start.elapsed().as_secs_f64();

    let params = LogisticParams::default().check()?;
    let start = Instant::now();
    let targets = Array2::from_shape_fn((texts.len(), labels[0].len()), |at| labels[at.0][at.1]);
    let models = params.fit(&DatasetBase::new(&rows, targets))?;
    let solver = start.elapsed().as_secs_f64();

    let norms: Vec<f64> = models
        .iter()
        .enumerate()
        .map(|(frame, model)| support::gradient_norm(&rows, model, |row| labels[row][frame]))
        .collect();
    let answer = serde_json::json!({
        "columns": rows.columns(),
        "vectoriser": vectoriser,
        "solver": solver,
        "gradient_norms": norms,
    });
    Ok(writeln!(std::io::stdout(), "{answer}")?)
}
