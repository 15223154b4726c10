//! Codes by unit and coder.

/// Codes by unit and coder, missing ones kept as `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeTable {
    /// How many coders there are.
    pub coders: usize,
    /// How many values a code can take, from the codebook.
    pub values: usize,
    /// For each unit, a code (below `values`) from each coder.
    pub units: Vec<Vec<Option<usize>>>,
}

impl CodeTable {
    /// How many coders gave each value to a unit.
    pub fn counts(&self, unit: usize) -> Vec<f64> {
        let mut counts = vec![0.0; self.values];
        for code in self.units[unit].iter().flatten() {
            counts[*code] += 1.0;
        }
        counts
    }

    /// How many coders coded a unit.
    pub fn codes(&self, unit: usize) -> usize {
        self.units[unit].iter().flatten().count()
    }

    /// How many units two coders or more have coded.
    pub fn pairable_units(&self) -> usize {
        (0..self.units.len()).filter(|&unit| self.codes(unit) >= 2).count()
    }

    /// Every unit once: the weights of the data as they are.
    pub fn unweighted(&self) -> Vec<u32> {
        vec![1; self.units.len()]
    }

    /// The same codes without those of one coder.
    #[must_use]
    pub fn without_coder(&self, coder: usize) -> Self {
        let mut table = self.clone();
        for unit in &mut table.units {
            unit[coder] = None;
        }
        table
    }

    /// Two coders alone.
    #[must_use]
    pub fn pair(&self, first: usize, second: usize) -> Self {
        let units = self.units.iter().map(|unit| vec![unit[first], unit[second]]).collect();
        CodeTable { coders: 2, values: self.values, units }
    }

    /// One value against all others together: 1 where it was given, 0 where another was.
    #[must_use]
    pub fn one_against_rest(&self, value: usize) -> Self {
        let recode = |code: &Option<usize>| code.map(|code| usize::from(code == value));
        let units = self.units.iter().map(|unit| unit.iter().map(recode).collect()).collect();
        CodeTable { coders: self.coders, values: 2, units }
    }

    /// By value of `coder` and value of another coder of the same unit, how many such pairs of
    /// codes there are.
    pub fn confusion(&self, coder: usize) -> Vec<Vec<u64>> {
        let mut cells = vec![vec![0; self.values]; self.values];
        for unit in &self.units {
            let Some(own) = unit[coder] else { continue };
            let others = unit.iter().enumerate().filter(|&(other, _)| other != coder);
            for other in others.filter_map(|(_, code)| *code) {
                cells[own][other] += 1;
            }
        }
        cells
    }
}
