//! Presses of two outlets with a known truth, a model that errs and sentences drawn for coding.

use framescope::stats::{Target, draw, mixture_sizes, stream};
use rand::Rng;

/// What an outlet writes, and how the model errs on it.
#[derive(Clone, Copy)]
pub(crate) struct Outlet {
    /// Share of sentences with the frame.
    pub(crate) share: f64,
    /// Rate of true positives.
    pub(crate) found: f64,
    /// Rate of false positives.
    pub(crate) invented: f64,
    /// Intraclass correlation of the frame within documents.
    pub(crate) likeness: f64,
    /// By how much the rate of true positives of a document is above or below its mean.
    pub(crate) error_likeness: f64,
}

impl Outlet {
    pub(crate) const PLAIN: Outlet =
        Outlet { share: 0.3, found: 0.75, invented: 0.08, likeness: 0.1, error_likeness: 0.0 };

    /// Of sentences with the frame.
    const SUPPORT: f64 = 0.45;
}

/// How sentences are drawn for coding.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Draw {
    /// At random from both outlets together, `gold` of each on average.
    Random,
    /// As many, half of them by what the model says.
    ByScore,
    /// Whole documents, `gold` of each outlet.
    Documents,
}

#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) outlets: [Outlet; 2],
    /// Documents of each outlet.
    pub(crate) documents: usize,
    pub(crate) gold: usize,
    pub(crate) draw: Draw,
    pub(crate) target: Target,
    /// The share of documents of the first outlet that the second one prints as well.
    pub(crate) copies: f64,
    /// The model gives probabilities.
    pub(crate) probabilities: bool,
}

impl Setting {
    pub(crate) fn new(outlets: [Outlet; 2]) -> Self {
        Setting {
            outlets,
            documents: 80,
            gold: 200,
            draw: Draw::Random,
            target: Target::Process,
            copies: 0.0,
            probabilities: false,
        }
    }
}

/// What is to be found.
#[derive(Default)]
pub(crate) struct Truth {
    pub(crate) shares: [f64; 2],
    /// Support among sentences of the first outlet with the frame.
    pub(crate) stance: f64,
}

#[derive(Default)]
pub(crate) struct Press {
    pub(crate) said_frame: Vec<f64>,
    pub(crate) said_support: Vec<f64>,
    /// A model that says nothing.
    pub(crate) nothing: Vec<f64>,
    pub(crate) frame: Vec<Option<f64>>,
    pub(crate) support: Vec<Option<f64>>,
    pub(crate) inclusion: Vec<f64>,
    pub(crate) clusters: Vec<usize>,
    pub(crate) members: [Vec<usize>; 2],
    pub(crate) truth: Truth,
}

/// A sentence: the truth and what the model says.
#[derive(Clone, Copy)]
struct Sentence {
    frame: bool,
    support: bool,
    said_frame: f64,
    said_support: f64,
}

impl Press {
    pub(crate) fn new(setting: &Setting, replicate: u64) -> Self {
        let mut random = stream(20_240_501, 0, replicate as u32);
        let mut press = Press::default();
        let mut sentences = Vec::new();
        let mut documents: Vec<Vec<Sentence>> = Vec::new();
        for (at, outlet) in setting.outlets.iter().enumerate() {
            for number in 0..setting.documents {
                let copied = at == 1 && unit(&mut random) < setting.copies;
                let cluster = if copied { number } else { documents.len() };
                if !copied {
                    documents.push(document(outlet, setting.probabilities, &mut random));
                }
                for sentence in &documents[cluster] {
                    press.members[at].push(sentences.len());
                    press.clusters.push(cluster);
                    sentences.push(*sentence);
                }
            }
        }
        press.said_frame = sentences.iter().map(|one| one.said_frame).collect();
        press.said_support = sentences.iter().map(|one| one.said_support).collect();
        press.nothing = vec![0.0; sentences.len()];
        press.truth = press.truth(setting, &sentences);
        press.code(setting, &sentences, &mut random);
        press
    }

    fn truth(&self, setting: &Setting, sentences: &[Sentence]) -> Truth {
        if setting.target == Target::Process {
            let shares = setting.outlets.map(|outlet| outlet.share);
            return Truth { shares, stance: Outlet::SUPPORT };
        }
        let mean = |members: &[usize], of: fn(&Sentence) -> bool| {
            let count = members.iter().filter(|&&row| of(&sentences[row])).count();
            count as f64 / members.len() as f64
        };
        let shares = self.members.each_ref().map(|members| mean(members, |one| one.frame));
        Truth { shares, stance: mean(&self.members[0], |one| one.support) / shares[0] }
    }

    fn code(&mut self, setting: &Setting, sentences: &[Sentence], random: &mut impl Rng) {
        let count = sentences.len();
        (self.frame, self.support) = (vec![None; count], vec![None; count]);
        self.inclusion = vec![0.0; count];
        for (row, probability) in self.drawn(setting, random) {
            self.frame[row] = Some(f64::from(sentences[row].frame));
            self.support[row] = Some(f64::from(sentences[row].support));
            self.inclusion[row] = probability;
        }
    }

    fn drawn(&self, setting: &Setting, random: &mut impl Rng) -> Vec<(usize, f64)> {
        let rows = self.said_frame.len();
        let sizes = match setting.draw {
            Draw::ByScore => mixture_sizes(&self.said_frame, 0.5),
            _ => vec![1; rows],
        };
        if setting.draw != Draw::Documents {
            let drawn = draw(&sizes, 2 * setting.gold, random);
            return drawn.iter().map(|one| (one.unit, one.probability)).collect();
        }
        let mut all = Vec::new();
        for members in &self.members {
            let documents: Vec<&[usize]> =
                members.chunk_by(|&a, &b| self.clusters[a] == self.clusters[b]).collect();
            for one in draw(&vec![1; documents.len()], setting.gold, random) {
                all.extend(documents[one.unit].iter().map(|&row| (row, one.probability)));
            }
        }
        all
    }
}

/// Of 1 to 25 sentences, whatever stands in them.
fn document(outlet: &Outlet, probabilities: bool, random: &mut impl Rng) -> Vec<Sentence> {
    let sign = |random: &mut _| if unit(random) < 0.5 { -1.0 } else { 1.0 };
    let share = outlet.share;
    let share = share + sign(random) * (outlet.likeness * share * (1.0 - share)).sqrt();
    let error = sign(random) * outlet.error_likeness;
    let (found, invented) = (outlet.found + error, (outlet.invented + error / 3.0).max(0.0));
    let support = Outlet::SUPPORT + sign(random) * 0.15;
    let sentences = 1 + (unit(random) * 25.0) as usize;
    let sentence = |_| {
        let frame = unit(random) < share;
        let supports = frame && unit(random) < support;
        let said = unit(random) < if frame { found } else { invented };
        let (a, b) = (unit(random), unit(random));
        let said_frame = match (probabilities, said) {
            (false, said) => f64::from(said),
            (true, true) => 0.6 + 0.4 * if frame { a.max(b) } else { a.min(b) },
            (true, false) => 0.35 * if frame { a.max(b) } else { a.min(b) },
        };
        let says_support = said && unit(random) < if supports { 0.8 } else { 0.3 };
        Sentence { frame, support: supports, said_frame, said_support: f64::from(says_support) }
    };
    (0..sentences).map(sentence).collect()
}

/// From 0 to 1.
fn unit(random: &mut impl Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
