//! `framescope sample`.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use framescope::data::{
    ArticleColumns, AtomicFile, Compression, OnError, Table, TableFormat, documents,
    uncompressed_path,
};
use framescope::error::{Error, ErrorKind, Place};
use framescope::stats::Allocation;
use framescope::tasks::classify::Unit;
use framescope::tasks::sample::{
    Assignment, Bands, Coded, Cuts, Design, Enrichment, LabelTable, Population, Sample as Drawn,
    Stratum, StratumSize, assign, sample,
};
use serde::Serialize;

use super::skipping::SkippingArgs;
use super::{CodebookArgs, Failure, Printer, ReadingArgs, check_output};

/// Draws sentences to code, each with its inclusion probability
///
/// The input is articles (.txt, .md, .html, folders, tables with an article a row), which are split
/// into sentences, or a result table of `classify`, whose rows are drawn. The output is a label file
/// in random order, with `?` where labels go; what the model said is left out. Every row says with
/// what probability it was drawn, so that enriched and stratified samples can be weighted back to
/// the whole.
#[derive(Args)]
#[command(after_help = "Examples:\n  framescope sample articles/ -n 300 -o to-code.csv\n  \
    framescope sample tagged.csv -n 400 --stratify source,month -o to-code.csv\n  \
    framescope sample tagged.csv -n 300 --enrich p.security -o to-code.csv\n  \
    framescope sample tagged.csv -n 500 --coders anna,ben --overlap 0.2 -o coding/\n  \
    framescope sample tagged.csv --sizes plan.csv --stratify source --extend gold.csv -o more.csv")]
pub(super) struct Sample {
    /// Articles, folders of articles, tables of articles, result tables; `-` for standard input
    #[arg(required = true)]
    input: Vec<PathBuf>,
    /// How many sentences to draw
    #[arg(short = 'n', long = "sentences", value_name = "N", required_unless_present = "sizes",
          value_parser = clap::value_parser!(u32).range(1..))]
    n: Option<u32>,
    /// How many to draw of which stratum: a table with the columns `stratum` and `more`, such as
    /// `compare --plan` writes
    #[arg(long, value_name = "FILE", conflicts_with_all = ["n", "allocation"])]
    sizes: Option<PathBuf>,
    /// Draw sentences beside those that are coded in this sample, and write both, with the
    /// probabilities that they have together
    #[arg(long, value_name = "GOLD", conflicts_with_all = ["enrich", "coders"])]
    extend: Option<PathBuf>,
    /// Draw from each value of these columns by itself; `year` and `month` are read off `date`
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    stratify: Vec<String>,
    /// Draw from bands of this column of scores by themselves
    #[arg(long, value_name = "COLUMN")]
    bands: Option<String>,
    /// Where one band ends and the next begins [default: bands of equal size]
    #[arg(long, value_name = "SCORE,...", value_delimiter = ',', requires = "bands")]
    cuts: Vec<f64>,
    /// How many bands of equal size
    #[arg(long, value_name = "K", default_value_t = 4, conflicts_with = "cuts",
          value_parser = clap::value_parser!(u16).range(2..=100))]
    quantiles: u16,
    /// Shares of the strata: as they are, or the same for each [default: proportional]
    #[arg(long, value_enum)]
    allocation: Option<AllocationArg>,
    /// Draw sentences the likelier the higher their score in this column
    #[arg(long, value_name = "COLUMN")]
    enrich: Option<String>,
    /// With --enrich: the share drawn at random, so that every sentence can be drawn
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    random_share: f64,
    /// Who will code: a file for each
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', requires = "output")]
    coders: Vec<String>,
    /// With --coders: the share that all of them code
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    overlap: f64,
    /// Keep the model's probabilities, and its labels as `model_labels`: coding is not blind then
    #[arg(long)]
    keep_scores: bool,
    /// What is drawn [default: sentences; rows of label files and result tables]
    #[arg(long, value_enum)]
    unit: Option<super::classify::UnitArg>,
    /// The column of texts in tables [default: text]
    #[arg(long, value_name = "NAME")]
    text_column: Option<String>,
    /// The column of names in tables [default: id, else document, else rows are numbered]
    #[arg(long, value_name = "NAME")]
    id_column: Option<String>,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    codebook: CodebookArgs,
    /// Write to FILE (.csv, .tsv, .jsonl or .parquet); with --coders to a folder, or FILE.CODER for each
    #[arg(short, long, value_name = "FILE|FOLDER")]
    output: Option<PathBuf>,
    /// Format of the output [default: by the file's ending, else csv]
    #[arg(long, value_enum)]
    format: Option<FormatArg>,
    /// Begin .csv and .tsv with a byte-order mark: Excel then takes them for UTF-8
    #[arg(long)]
    bom: bool,
    /// Seed of all that is random
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    #[command(flatten)]
    skipping: SkippingArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AllocationArg {
    /// By their sizes
    Proportional,
    /// The same number for each
    Equal,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// Comma-separated
    Csv,
    /// Tab-separated
    Tsv,
    /// A JSON object a line
    Jsonl,
    /// Typed columns
    #[cfg(feature = "parquet")]
    Parquet,
}

impl FormatArg {
    fn table(self) -> TableFormat {
        match self {
            FormatArg::Csv => TableFormat::Csv,
            FormatArg::Tsv => TableFormat::Tsv,
            FormatArg::Jsonl => TableFormat::Jsonl,
            #[cfg(feature = "parquet")]
            FormatArg::Parquet => TableFormat::Parquet,
        }
    }
}

/// `design.json`: what was drawn and who codes what.
#[derive(Serialize)]
struct DesignRecord<'a> {
    sentences: usize,
    drawn: usize,
    seed: u64,
    strata: &'a [Stratum],
    cuts: &'a [f64],
    overlap: Vec<&'a str>,
    coders: Vec<CoderRecord<'a>>,
}

#[derive(Serialize)]
struct CoderRecord<'a> {
    coder: &'a str,
    file: String,
    ids: Vec<&'a str>,
}

impl Sample {
    pub(super) fn run(self, printer: &Printer) -> Result<(), Failure> {
        self.check()?;
        let format = self.table_format()?;
        let files = self.files(format);
        let reading = self.reading.reading(self.skipping.on_error(OnError::Skip))?;
        let inputs = documents(&self.input, &reading)?;
        let inputs = || {
            let beside = self.extend.iter().chain(&self.sizes).chain(&self.reading.metadata);
            let inputs = inputs.iter().map(|document| document.path.as_path());
            inputs.chain(beside.map(PathBuf::as_path))
        };
        for file in &files {
            check_output(file, inputs())?;
            refuse_codings(file)?;
        }
        let outputs = files.iter().map(PathBuf::as_path);
        let mut skipped = self.skipping.begin(inputs(), outputs, printer)?;
        let codebook = self.codebook.read()?;
        let language = codebook.as_ref().map(|codebook| codebook.language.clone());
        let columns = ArticleColumns { text: self.text_column.clone(), id: self.id_column.clone() };
        let unit = self.unit.map(Unit::from);
        let language = language.as_deref().unwrap_or("en");
        let population = Population::read(&self.input, &reading, &columns, language, unit)?;
        reading.notices().iter().for_each(|notice| printer.note(notice));
        skipped.add(&population.skipped)?;
        let coded = self.extend.as_ref();
        let coded =
            coded.map(|path| Coded::read(path, codebook.as_ref(), &population)).transpose()?;
        let drawn = sample(&population, &self.design()?, coded.as_ref())?;
        self.notes(&population, &drawn, printer);
        self.write(&population, &drawn, coded.as_ref(), format, &files, printer)?;
        skipped.finish()
    }

    fn write(
        &self,
        population: &Population,
        drawn: &Drawn,
        coded: Option<&Coded>,
        format: TableFormat,
        files: &[PathBuf],
        printer: &Printer,
    ) -> Result<(), Failure> {
        let has_coder = !self.coders.is_empty();
        let table = LabelTable::new(population, drawn, format, has_coder, self.keep_scores)
            .with_coded(coded);
        if has_coder {
            return self.write_for_coders(population, drawn, &table, files, format, printer);
        }
        let bytes = self.with_mark(table.write("", 0..drawn.rows.len()), format);
        let Some(path) = files.first() else { return Ok(io::stdout().write_all(&bytes)?) };
        write_all(&[(path.clone(), bytes)])?;
        let name = path.display();
        let (all, coded) = (population.members.len(), coded.map_or(0, |coded| coded.count()));
        let beside = match coded {
            0 => String::new(),
            coded => format!(", beside {coded} that are coded"),
        };
        printer.say(&format!("{name}: {} of {all} sentences{beside}", drawn.rows.len() - coded));
        Ok(())
    }

    fn check(&self) -> Result<(), Failure> {
        let usage = |message: &str| Err(Failure::Usage(message.to_owned()));
        if !(self.random_share > 0.0 && self.random_share <= 1.0) {
            return usage("--random-share: it lies above 0 and is at most 1");
        }
        if !(0.0..=1.0).contains(&self.overlap) {
            return usage("--overlap: it lies between 0 and 1");
        }
        if self.cuts.iter().any(|cut| !cut.is_finite()) {
            return usage("--cuts: these are no scores");
        }
        if self.allocation.is_some() && self.stratify.is_empty() && self.bands.is_none() {
            return usage(
                "--allocation: there are no strata; name them with --stratify or --bands",
            );
        }
        let mut seen = HashSet::new();
        for coder in &self.coders {
            let is_plain = |c: char| c.is_alphanumeric() || "-_".contains(c);
            if coder.is_empty() || !coder.chars().all(is_plain) {
                return usage(&format!(
                    "--coders: `{coder}` cannot name a file; use letters, digits, `-` and `_`"
                ));
            }
            // On some systems Anna.csv and anna.csv are one file.
            if !seen.insert(coder.to_lowercase()) {
                return usage(&format!("--coders: `{coder}` is named twice"));
            }
        }
        Ok(())
    }

    fn design(&self) -> Result<Design, Failure> {
        let cuts = match self.cuts.is_empty() {
            true => Cuts::Quantiles(usize::from(self.quantiles)),
            false => Cuts::At(self.cuts.clone()),
        };
        let enrichment = |column| Enrichment { column, random_share: self.random_share };
        Ok(Design {
            n: self.n.unwrap_or_default() as usize,
            sizes: self.sizes.as_deref().map(read_sizes).transpose()?,
            stratify: self.stratify.clone(),
            bands: self.bands.clone().map(|column| Bands { column, cuts }),
            allocation: match self.allocation {
                Some(AllocationArg::Equal) => Allocation::Equal,
                _ => Allocation::Proportional,
            },
            enrichment: self.enrich.clone().map(enrichment),
            seed: self.seed,
        })
    }

    fn table_format(&self) -> Result<TableFormat, Failure> {
        if let Some(format) = self.format {
            return Ok(format.table());
        }
        let Some(path) = &self.output else { return Ok(TableFormat::Csv) };
        let is_special = path.exists() && !path.is_file();
        match TableFormat::of_path(path) {
            Some(format) => Ok(format),
            None if is_special || !self.coders.is_empty() => Ok(TableFormat::Csv),
            None => Err(Failure::Usage(format!(
                "{}: no format goes by this ending; use {}, or say --format",
                path.display(),
                TableFormat::ENDINGS
            ))),
        }
    }

    /// The files to write: one, or one for each coder and then the design; none for standard output.
    fn files(&self, format: TableFormat) -> Vec<PathBuf> {
        let Some(output) = &self.output else { return Vec::new() };
        if self.coders.is_empty() {
            return vec![output.clone()];
        }
        let mut ending = match format {
            TableFormat::Csv => "csv",
            TableFormat::Tsv => "tsv",
            TableFormat::Jsonl => "jsonl",
            #[cfg(feature = "parquet")]
            TableFormat::Parquet => "parquet",
        }
        .to_owned();
        if let Some(compression) = Compression::of_path(output) {
            ending = format!("{ending}.{}", compression.ending());
        }
        let names = self.coders.iter().map(|coder| format!("{coder}.{ending}"));
        let names = names.chain(std::iter::once("design.json".to_owned()));
        // `coding.csv` stands for `coding.anna.csv` and so on; anything else is a folder.
        match TableFormat::of_path(output) {
            Some(_) if !output.is_dir() => {
                let stem = uncompressed_path(output);
                names.map(|name| stem.with_extension(name)).collect()
            }
            _ => names.map(|name| output.join(name)).collect(),
        }
    }

    fn with_mark(&self, bytes: Vec<u8>, format: TableFormat) -> Vec<u8> {
        match self.bom && matches!(format, TableFormat::Csv | TableFormat::Tsv) {
            true => ["\u{feff}".as_bytes(), &bytes].concat(),
            false => bytes,
        }
    }

    fn write_for_coders(
        &self,
        population: &Population,
        drawn: &Drawn,
        table: &LabelTable<'_>,
        files: &[PathBuf],
        format: TableFormat,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let Assignment { overlap, coders } = assign(drawn, self.coders.len(), self.overlap);
        let ids = |rows: &[usize]| -> Vec<_> {
            let id = |&row: &usize| population.members[drawn.rows[row].member].id.as_str();
            rows.iter().map(id).collect()
        };
        let mut contents = Vec::new();
        let mut records = Vec::new();
        for ((coder, rows), file) in self.coders.iter().zip(&coders).zip(files) {
            let bytes = table.write(coder, rows.iter().copied());
            contents.push((file.clone(), self.with_mark(bytes, format)));
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            records.push(CoderRecord { coder, file: name, ids: ids(rows) });
        }
        let record = DesignRecord {
            sentences: population.members.len(),
            drawn: drawn.rows.len(),
            seed: drawn.seed,
            strata: &drawn.strata,
            cuts: &drawn.cuts,
            overlap: ids(&overlap),
            coders: records,
        };
        let mut json = serde_json::to_vec_pretty(&record).map_err(io::Error::from)?;
        json.push(b'\n');
        contents.extend(files.last().map(|path| (path.clone(), json)));
        if let Some(folder) = files.first().and_then(|file| file.parent()) {
            std::fs::create_dir_all(folder).map_err(|error| write_error(folder, error))?;
        }
        write_all(&contents)?;
        for (rows, file) in coders.iter().zip(files) {
            printer.say(&format!(
                "{}: {} sentences, {} of them coded by all",
                file.display(),
                rows.len(),
                overlap.len()
            ));
        }
        if let Some(design) = files.last() {
            printer.say(&format!("{}: who codes what", design.display()));
        }
        Ok(())
    }

    /// What to know of the sample.
    fn notes(&self, population: &Population, drawn: &Drawn, printer: &Printer) {
        if population.without_text > 0 {
            let rows = if population.without_text == 1 { "row" } else { "rows" };
            printer.note(&format!("{} {rows} without text left out", population.without_text));
        }
        if !drawn.cuts.is_empty() {
            let band = |(index, cut)| format!("band {} from {cut}", index + 2);
            let bands: Vec<String> = drawn.cuts.iter().enumerate().map(band).collect();
            printer.note(&format!("band 1 is below {}, {}", drawn.cuts[0], bands.join(", ")));
        }
        if self.bands.is_some() && self.cuts.is_empty() {
            let found = drawn.cuts.len() + 1;
            if found < usize::from(self.quantiles) {
                printer.note(&format!("{found} bands only, since many scores are the same"));
            }
        }
        let named = |which: &dyn Fn(&&Stratum) -> bool| {
            let name = |stratum: &Stratum| format!("`{}` ({})", stratum.stratum, stratum.sentences);
            let names: Vec<String> = drawn.strata.iter().filter(which).map(name).collect();
            let more = names.len().saturating_sub(10);
            let shown = names.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            (!names.is_empty()).then(|| shown + &rest)
        };
        let is_part = drawn.rows.len() < population.members.len();
        let is_whole = |s: &&Stratum| s.drawn + s.coded == s.sentences;
        if let Some(names) = named(&|s| is_part && drawn.strata.len() > 1 && is_whole(s)) {
            printer.note(&format!("too small to draw from, taken whole: {names}"));
        }
        if let Some(names) = named(&|s| s.drawn + s.coded == 1 && s.sentences > 1) {
            printer.note(&format!(
                "one sentence only, from which no variance can be estimated: {names}"
            ));
        }
        if let Some(names) = named(&|s| s.drawn + s.coded == 0) {
            printer.note(&format!(
                "nothing is drawn from these, and the sample does not speak of them: {names}"
            ));
        }
        if (self.enrich.is_some() || self.bands.is_some()) && !self.keep_scores {
            printer.note(
                "`inclusion_probability` and `stratum` tell something of the model's scores: hide \
                 these columns while coding",
            );
        }
    }
}

/// How many to draw of which stratum.
fn read_sizes(path: &Path) -> Result<BTreeMap<String, StratumSize>, Failure> {
    let table = Table::read(path)?;
    let (stratum, more) = (table.required_column("stratum")?, table.required_column("more")?);
    let sentences = table.column("sentences");
    let mut sizes = BTreeMap::new();
    for row in &table.rows {
        let error = |column: &str, problem: String, remedy: &str| {
            let place = Place::file(path).line(row.line).column(column);
            Failure::from(Error::from(ErrorKind::Data { place, problem, remedy: remedy.into() }))
        };
        let number = |name: &str, at: usize| {
            let cell = row.cells[at].trim();
            let problem = || format!("`{cell}` is no number of sentences");
            cell.parse().map_err(|_| error(name, problem(), "give a whole number"))
        };
        let size = StratumSize {
            drawn: number("more", more)?,
            of: sentences.map(|at| number("sentences", at)).transpose()?,
        };
        let name = row.cells[stratum].clone();
        if sizes.insert(name.clone(), size).is_some() {
            let problem = format!("stratum `{name}` stands twice");
            return Err(error("stratum", problem, "give each stratum one row"));
        }
    }
    Ok(sizes)
}

/// Refuses to write over a file in which somebody has coded: that work cannot be had again.
fn refuse_codings(path: &Path) -> Result<(), Failure> {
    if !path.is_file() || TableFormat::of_path(path).is_none() {
        return Ok(());
    }
    // What cannot be read as a table is no label file.
    let Ok(table) = Table::read(path) else { return Ok(()) };
    let Some(labels) = table.column("labels") else { return Ok(()) };
    match table.rows.iter().any(|row| row.cells[labels].trim() != "?") {
        false => Ok(()),
        true => Err(Failure::Usage(format!(
            "{}: this file holds labels, which would be lost; name another output or move it away",
            path.display()
        ))),
    }
}

/// Writes all files or, where one cannot be written, none.
fn write_all(contents: &[(PathBuf, Vec<u8>)]) -> Result<(), Failure> {
    let mut files = Vec::new();
    for (path, bytes) in contents {
        let mut file = AtomicFile::create(path)?;
        file.write_all(bytes).map_err(|error| write_error(path, error))?;
        files.push(file);
    }
    files.into_iter().try_for_each(|file| Ok(file.commit()?))
}

fn write_error(path: &Path, source: io::Error) -> Error {
    ErrorKind::Io { path: path.to_owned(), action: "write", source }.into()
}
