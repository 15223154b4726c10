//! Comparisons to render.

#![allow(dead_code, unreachable_pub, reason = "every test file uses its own part")]

use framescope::report::{Example, ReportContext};
use framescope::stats::{Measure, Target, Undefined};
use framescope::tasks::compare::{
    Audit, Cell, Comparison, Copies, Correction, Diagnostics, Difference, Family, FrameComparison,
    GoldSummary, Group, GroupErrors, GroupWords, Over, Shares, StanceShare, WithoutCopies, Word,
};
use framescope::tasks::explain::{FrameEvidence, SentenceEvidence, Term};

/// What a comparison is made of.
#[derive(Debug, Clone)]
pub struct Fixture {
    pub groups: Vec<String>,
    pub frames: Vec<String>,
    pub periods: Vec<String>,
    pub gold: bool,
    /// Stances, words, copies.
    pub extras: bool,
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl Fixture {
    /// Five outlets, four frames, ten quarters.
    pub fn usual() -> Self {
        Fixture {
            groups: owned(&[
                "Harbour Wire",
                "Inland Post",
                "The Northern Ledger",
                "Valley Dispatch",
                "Evening Courier of Commerce",
            ]),
            frames: owned(&["self-reliance", "opening-up", "green transition", "security"]),
            periods: (0..10).map(|q| format!("{}-Q{}", 2022 + q / 4, q % 4 + 1)).collect(),
            gold: true,
            extras: true,
        }
    }

    /// As many as may come.
    pub fn largest() -> Self {
        Fixture {
            groups: (1..=30).map(|group| format!("Outlet number {group}")).collect(),
            frames: (1..=12).map(|frame| format!("frame {frame}")).collect(),
            periods: (0..120).map(|m| format!("{}-{:02}", 2014 + m / 12, m % 12 + 1)).collect(),
            gold: true,
            extras: true,
        }
    }

    /// One group, one frame, nothing else.
    pub fn smallest() -> Self {
        Fixture {
            groups: owned(&["Harbour Wire"]),
            frames: owned(&["security"]),
            periods: Vec::new(),
            gold: false,
            extras: false,
        }
    }

    /// Every name is this text, numbered.
    pub fn named(text: &str) -> Self {
        let names = |count| (0..count).map(|index| format!("{text}{index}")).collect();
        Fixture { groups: names(3), frames: names(2), periods: names(3), gold: true, extras: true }
    }

    pub fn comparison(&self) -> Comparison {
        let frames = (0..self.frames.len()).map(|frame| self.frame(frame)).collect();
        let tests = self.groups.len() * (self.groups.len() - 1) / 2 * self.frames.len();
        Comparison {
            by: "outlet".to_owned(),
            over: (!self.periods.is_empty()).then_some(Over::Quarter),
            target: Target::Process,
            sentences: 41_234,
            documents: 1_893,
            has_documents: true,
            without_group: 12,
            without_date: 40,
            gold: self.gold.then(|| GoldSummary {
                sentences: 900,
                unmatched: 3,
                recorded: true,
                coders: owned(&["coder A", "coder B"]),
            }),
            groups: self
                .groups
                .iter()
                .enumerate()
                .map(|(index, name)| group(name, index))
                .collect(),
            periods: self.periods.clone(),
            frames,
            tests: (tests > 0).then(|| Family {
                tests,
                correction: Correction::Holm,
                description: "all frames, all pairs of groups".to_owned(),
                naive: !self.gold,
            }),
            copies: self.extras.then(|| self.copies()),
            words: if self.extras { self.words() } else { Vec::new() },
            prior: Some(500.0),
        }
    }

    fn frame(&self, frame: usize) -> FrameComparison {
        let groups = self.groups.iter().enumerate();
        let cells = groups.clone().map(|(index, name)| self.cell(frame, index, name, None));
        let periods = groups.flat_map(|(index, name)| {
            let periods = self.periods.iter().enumerate();
            // The second group has a gap.
            let there = periods.filter(move |(at, _)| index != 1 || !(3..=5).contains(at));
            there.map(move |(at, period)| self.cell(frame, index, name, Some((at, period))))
        });
        FrameComparison {
            frame: self.frames[frame].clone(),
            human_alpha: self.gold.then(|| match frame {
                1 => Measure::bare(Err(Undefined::NoVariation)),
                _ => measure(0.86 - 0.05 * frame as f64, 0.05),
            }),
            groups: cells.collect(),
            periods: periods.collect(),
            differences: self.differences(frame),
            audit: self.gold.then(|| self.audit(frame)),
        }
    }

    /// A share that depends on frame, group and period, between 0 and 1.
    fn share(&self, frame: usize, group: usize, at: usize) -> f64 {
        let wave = (0.7 * (at + frame + 2 * group) as f64).sin();
        0.28 / (1.0 + frame as f64) * (1.0 + 0.12 * group as f64 % 0.7) + 0.02 * wave
    }

    fn shares(&self, share: f64, wide: f64) -> Shares {
        Shares {
            naive: measure(0.8 * share + 0.03, 0.3 * wide),
            corrected: self.gold.then(|| measure(share, wide)),
            gold_only: self.gold.then(|| measure(share + 0.01, 1.6 * wide)),
            tuning: self.gold.then_some(0.71),
        }
    }

    fn cell(&self, frame: usize, group: usize, name: &str, at: Option<(usize, &String)>) -> Cell {
        let share = self.share(frame, group, at.map_or(0, |(at, _)| at));
        let mut shares = self.shares(share, if at.is_some() { 0.05 } else { 0.02 });
        if (frame, group) == (1, 2) && at.is_none() {
            shares.corrected =
                shares.corrected.map(|_| Measure::bare(Err(Undefined::TooFewExamples)));
        }
        let stance = |stance: &str, of| StanceShare {
            stance: stance.to_owned(),
            share: self.shares(of, 0.06),
        };
        let stances = vec![stance("support", 0.5), stance("oppose", 0.2), stance("neutral", 0.3)];
        Cell {
            group: name.to_owned(),
            period: at.map(|(_, period)| period.clone()),
            documents: 300,
            sentences: 6_000,
            gold: if self.gold { 180 } else { 0 },
            share: shares,
            stances: if self.extras { stances } else { Vec::new() },
            net_stance: self.extras.then(|| self.shares(0.6 - 0.25 * group as f64 % 1.4, 0.12)),
            diagnostics: self.gold.then_some(Diagnostics {
                mean_probability: Ok(share + 0.02),
                adjusted_count: Ok(share - 0.01),
                adjusted_probability: Err(Undefined::NoProbabilities),
                expectation_maximisation: Ok(share + 0.03),
            }),
        }
    }

    fn differences(&self, frame: usize) -> Vec<Difference> {
        let count = self.groups.len();
        let pairs =
            (0..count).flat_map(|first| (first + 1..count).map(move |second| (first, second)));
        let difference = |(first, second): (usize, usize)| {
            let gap = self.share(frame, first, 0) - self.share(frame, second, 0);
            Difference {
                quantity: "share".to_owned(),
                groups: [self.groups[first].clone(), self.groups[second].clone()],
                difference: measure(gap, 0.03),
                ratio: Some(measure(1.0 + gap, 0.2)),
                p: Ok((0.05 - gap.abs()).max(0.0001)),
                p_adjusted: if frame == 1 && second == 2 {
                    Err(Undefined::TooFewExamples)
                } else {
                    Ok((0.2 - 4.0 * gap.abs()).clamp(0.0004, 1.0))
                },
            }
        };
        pairs.map(difference).collect()
    }

    fn audit(&self, frame: usize) -> Audit {
        let groups = self.groups.iter().enumerate().map(|(index, group)| GroupErrors {
            group: group.clone(),
            true_positive_rate: match (frame, index) {
                (2, 1) => Measure::bare(Err(Undefined::NoPositives)),
                _ => measure(0.8 - 0.04 * (index % 6) as f64, 0.09),
            },
            false_positive_rate: measure(0.04 + 0.01 * index as f64 % 0.2, 0.02),
        });
        Audit { groups: groups.collect(), p: Ok(0.04), may_pool: false }
    }

    fn copies(&self) -> Copies {
        let frames = self.frames.iter().enumerate();
        let without = frames.flat_map(|(frame, name)| {
            self.groups.iter().enumerate().map(move |(index, group)| WithoutCopies {
                frame: name.clone(),
                group: group.clone(),
                sentences: 5_100,
                share: self.shares(self.share(frame, index, 0) - 0.01, 0.02),
            })
        });
        Copies {
            clusters: 37,
            documents: 96,
            across_groups: 21,
            later: 59,
            without: without.collect(),
        }
    }

    fn words(&self) -> Vec<GroupWords> {
        let word = |(index, word): (usize, &str)| Word {
            word: word.to_owned(),
            log_odds: 2.4 - 0.15 * index as f64,
            z: 9.1 - 0.5 * index as f64,
            p_adjusted: 0.0003 * (index + 1) as f64,
            counts: [140.0 - 4.0 * index as f64, 210.0],
            documents: 61,
        };
        let words = "port shipping pilot container berth crane tonnage dredging quay freight customs \
                     pier lighthouse anchorage";
        let of_group = |(index, group): (usize, &String)| GroupWords {
            group: group.clone(),
            frame: None,
            stay: [Some(0.9), None],
            words: match index {
                3 => Vec::new(),
                _ => words.split_whitespace().enumerate().skip(index % 3).map(word).collect(),
            },
        };
        self.groups.iter().enumerate().map(of_group).collect()
    }

    pub fn context(&self) -> ReportContext {
        let texts = [
            "What we cannot make ourselves, others can refuse to sell.",
            "A trade fair in June expects 90 foreign exhibitors.",
        ];
        let examples = texts.iter().zip(self.groups.iter().cycle()).map(|(text, group)| Example {
            group: group.clone(),
            document: "valves-and-vineyards".to_owned(),
            date: Some("2023-05-02".to_owned()),
            evidence: self.evidence(text),
        });
        ReportContext {
            title: "Frames of industrial policy in five papers".to_owned(),
            command: "framescope compare tagged.csv --gold gold.csv --by outlet --over quarter \
                      --html report.html"
                .to_owned(),
            version: "0.1.0".to_owned(),
            digests: vec![
                ("tagged.csv".to_owned(), "3f".repeat(32)),
                ("gold.csv".to_owned(), "a0".repeat(32)),
            ],
            examples: if self.extras { examples.collect() } else { Vec::new() },
            methods:
                "We compared shares of coded sentences between outlets. Shares were corrected by \
                      gold labels (Egami et al., 2023).\n\nIntervals cluster sentences by document."
                    .to_owned(),
            notes: owned(&["12 articles came twice in the table; the second was left out."]),
            naive_only: !self.gold,
        }
    }

    /// Words of a text with weights that rise and fall, and a pair of words over them.
    fn evidence(&self, text: &str) -> SentenceEvidence {
        let mut terms = Vec::new();
        let mut at = 0;
        for (index, word) in text.split(' ').enumerate() {
            let length = word.chars().count();
            let weight = 0.9 * (1.3 * index as f64).cos();
            terms.push(Term { term: word.to_owned(), weight, places: vec![[at, at + length]] });
            at += length + 1;
        }
        terms.push(Term { term: "cannot make".to_owned(), weight: 0.41, places: vec![[8, 19]] });
        let sum: f64 = terms.iter().map(|term| term.weight).sum();
        let frames = self.frames.iter().enumerate().take(3).map(|(index, frame)| FrameEvidence {
            frame: frame.clone(),
            present: index == 0,
            stance: (index == 0).then(|| "support".to_owned()),
            probability: 0.91,
            threshold: 0.42,
            log_odds: sum - 1.2,
            base: -1.2,
            terms: terms.clone(),
            stances: Vec::new(),
        });
        SentenceEvidence {
            text: text.to_owned(),
            labels: format!("{}:support", self.frames[0]),
            frames: frames.collect(),
        }
    }
}

fn measure(value: f64, reach: f64) -> Measure {
    let interval = Some([value - reach, value + reach]);
    Measure { interval, std_error: Some(0.5 * reach), ..Measure::bare(Ok(value)) }
}

fn group(name: &str, index: usize) -> Group {
    Group {
        group: name.to_owned(),
        documents: 400 - 9 * index,
        sentences: 9_000 - 120 * index,
        gold: 180,
    }
}
