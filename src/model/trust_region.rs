//! Trust-region Newton steps by conjugate gradients, for several functions side by side.

use super::objective::{Along, Objective, Real, dots};

/// Where a solver stopped.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Stopped {
    pub(super) iterations: usize,
    pub(super) objective: f64,
    pub(super) gradient_norm: f64,
}

/// Minimises the `K` functions of an objective from `x`, each until its gradient's norm is at most
/// its entry of `gradient_norms`, or for `max_iterations` Newton steps.
///
/// Each step is found by preconditioned conjugate gradients inside an ellipsoid that grows and
/// shrinks with how well the quadratic model foretold the last step. The functions go through the
/// rows together, so that these are read once for all; a function that is done waits for the
/// others. None sees another's numbers: what is found does not depend on which stand side by side.
///
/// # References
///
/// Lin, Weng & Keerthi 2008, Trust region Newton method for large-scale logistic regression,
/// JMLR 9:627–650; Hsia, Chiang & Lin 2018, Preconditioned conjugate gradient methods in truncated
/// Newton frameworks for large-scale linear classification, ACML.
pub(super) fn minimise<const K: usize>(
    objective: &mut impl Objective<K>,
    x: &mut [[f64; K]],
    gradient_norms: [f64; K],
    max_iterations: usize,
) -> [Stopped; K] {
    let n = objective.dimension();
    let (mut gradient, mut candidate) = (vec![[0.0; K]; n], vec![[0.0; K]; n]);
    let mut diagonal = vec![[0.0; K]; n];
    let mut work = ConjugateGradients::new(n);
    let values = objective.values(x);
    objective.gradients(x, [true; K], &mut gradient);
    let norms = dots(&gradient, &gradient).map(f64::sqrt);
    let mut lanes: [Lane; K] = std::array::from_fn(|k| {
        Lane::new(values[k], norms[k], norms[k] > gradient_norms[k] && max_iterations > 0)
    });
    while lanes.iter().any(|lane| lane.running) {
        objective.hessian_diagonals(&mut diagonal);
        if lanes.iter().any(|lane| lane.radius.is_nan()) {
            let radii = scaled_norms(&gradient, &diagonal, |g, d| g * g / d);
            for (lane, radius) in lanes.iter_mut().zip(radii) {
                lane.radius = radius;
            }
        }
        work.solve(objective, &gradient, &diagonal, &lanes);
        for ((candidate, x), step) in candidate.iter_mut().zip(x.iter()).zip(&work.step) {
            *candidate = std::array::from_fn(|k| x[k] + f64::from(step[k]));
        }
        let slopes = work.slopes(&gradient);
        let leftovers = dots(&work.step, &work.residual);
        let lengths = scaled_norms(&work.step, &diagonal, |s, d| s * s * d);
        let values = objective.values(&candidate);
        let mut accepted = [false; K];
        for (k, lane) in lanes.iter_mut().enumerate().filter(|(_, lane)| lane.running) {
            accepted[k] = lane.judge(Step {
                value: values[k],
                slope: slopes[k],
                foretold: -0.5 * (slopes[k] - leftovers[k]),
                length: lengths[k],
                reached_radius: work.reached_radius[k],
            });
            lane.running &= lane.iterations < max_iterations;
        }
        if accepted.contains(&true) {
            for (x, candidate) in x.iter_mut().zip(&candidate) {
                for k in 0..K {
                    if accepted[k] {
                        x[k] = candidate[k];
                    }
                }
            }
            objective.gradients(x, accepted, &mut gradient);
            let norms = dots(&gradient, &gradient).map(f64::sqrt);
            for (k, lane) in lanes.iter_mut().enumerate().filter(|&(k, _)| accepted[k]) {
                lane.running &= norms[k] > gradient_norms[k];
                lane.running &= !lane.is_at_rounding || norms[k] < 0.5 * lane.norm;
                lane.norm = norms[k];
            }
        }
    }
    lanes.map(|lane| Stopped {
        iterations: lane.iterations,
        objective: lane.value,
        gradient_norm: lane.norm,
    })
}

/// Where one of the functions stands.
struct Lane {
    value: f64,
    norm: f64,
    /// How far its quadratic model is trusted, in the norm of the diagonal; not a number at first.
    radius: f64,
    iterations: usize,
    running: bool,
    /// Whether values no longer tell steps apart: for as long as gradients shrink, steps are taken.
    is_at_rounding: bool,
}

/// A step that was tried.
struct Step {
    /// The function's value there.
    value: f64,
    /// The gradient's product with the step.
    slope: f64,
    /// How much the quadratic model says is gained.
    foretold: f64,
    /// In the norm of the diagonal.
    length: f64,
    reached_radius: bool,
}

impl Lane {
    fn new(value: f64, norm: f64, running: bool) -> Self {
        Lane { value, norm, radius: f64::NAN, iterations: 0, running, is_at_rounding: false }
    }

    /// Whether the step is taken; sets how far the next may go.
    fn judge(&mut self, step: Step) -> bool {
        // Constants of the references.
        const ACCEPT: f64 = 1e-4;
        const POOR: f64 = 0.25;
        const GOOD: f64 = 0.75;
        let first = self.iterations == 0;
        self.iterations += 1;
        if !step.value.is_finite() {
            self.radius *= 0.25;
            return false;
        }
        let (gained, foretold, length) = (self.value - step.value, step.foretold, step.length);
        let rounding = 1e-12 * self.value.abs();
        if gained.abs() <= rounding && foretold <= rounding {
            self.value = step.value;
            self.is_at_rounding = true;
            return true;
        }
        if first {
            self.radius = self.radius.min(length);
        }
        // Where a parabola through both values has its lowest point.
        let excess = step.value - self.value - step.slope;
        let best = if excess <= 0.0 { 4.0 } else { (-0.5 * step.slope / excess).max(0.25) };
        let radius = self.radius;
        self.radius = if gained < ACCEPT * foretold {
            (best * length).min(0.5 * radius)
        } else if gained < POOR * foretold {
            (0.25 * radius).max((best * length).min(0.5 * radius))
        } else if gained < GOOD * foretold {
            (0.25 * radius).max((best * length).min(4.0 * radius))
        } else if step.reached_radius {
            4.0 * radius
        } else {
            radius.max((best * length).min(4.0 * radius))
        };
        if gained > ACCEPT * foretold {
            self.value = step.value;
            return true;
        }
        false
    }
}

/// By function, the root of the sum of `square` over all variables.
fn scaled_norms<const K: usize, T: Real>(
    v: &[[T; K]],
    diagonal: &[[f32; K]],
    square: impl Fn(f64, f64) -> f64,
) -> [f64; K] {
    let mut sums = [0.0; K];
    for (v, d) in v.iter().zip(diagonal) {
        for k in 0..K {
            sums[k] += square(v[k].into(), d[k].into());
        }
    }
    sums.map(f64::sqrt)
}

struct ConjugateGradients<const K: usize> {
    step: Vec<[f32; K]>,
    residual: Vec<[f32; K]>,
    along: Vec<Along<K>>,
    reached_radius: [bool; K],
}

impl<const K: usize> ConjugateGradients<K> {
    fn new(n: usize) -> Self {
        let zeros = || vec![[0.0; K]; n];
        ConjugateGradients {
            step: zeros(),
            residual: zeros(),
            along: vec![Along::new([0.0; K]); n],
            reached_radius: [false; K],
        }
    }

    /// The gradients' products with the steps.
    fn slopes(&self, gradient: &[[f64; K]]) -> [f64; K] {
        let mut sums = [0.0; K];
        for (gradient, step) in gradient.iter().zip(&self.step) {
            for k in 0..K {
                sums[k] += gradient[k] * f64::from(step[k]);
            }
        }
        sums
    }

    /// The directions' products with what the Hessians make of them.
    fn curvature(&self) -> [f64; K] {
        let mut sums = [0.0; K];
        for Along { direction, product } in &self.along {
            for k in 0..K {
                sums[k] += f64::from(direction[k]) * f64::from(product[k]);
            }
        }
        sums
    }

    /// Solves `H step = −gradient` roughly, within `‖step‖ ≤ radius` in the norm of the diagonal.
    /// The step of a function that no longer runs is 0.
    fn solve(
        &mut self,
        objective: &impl Objective<K>,
        gradient: &[[f64; K]],
        diagonal: &[[f32; K]],
        lanes: &[Lane; K],
    ) {
        const LOOSENESS: f64 = 0.1;
        const MOST_ITERATIONS: usize = 250;
        self.step.fill([0.0; K]);
        self.reached_radius = [false; K];
        let mut searching: [bool; K] = std::array::from_fn(|k| lanes[k].running);
        for (residual, gradient) in self.residual.iter_mut().zip(gradient) {
            *residual = gradient.map(|g| -g as f32);
        }
        let mut rho =
            scaled_norms(&self.residual, diagonal, |r, d| r * r / d).map(|norm| norm * norm);
        let enough = rho.map(|rho| LOOSENESS * rho.sqrt());
        let mut lengths = rho.map(Lengths::at_start);
        self.turn([0.0; K], diagonal, &searching);
        for _ in 0..MOST_ITERATIONS {
            for (searching, (rho, enough)) in searching.iter_mut().zip(rho.iter().zip(&enough)) {
                *searching &= rho.sqrt() > *enough;
            }
            if !searching.contains(&true) {
                break;
            }
            objective.hessian_products(&mut self.along);
            let curvature = self.curvature();
            let mut alpha = [0.0; K];
            for k in 0..K {
                searching[k] &= !curvature[k].is_nan();
                if searching[k] {
                    let to_radius = lengths[k].to_radius(lanes[k].radius);
                    // Along a line without curvature, go as far as the model is trusted.
                    let lowest =
                        if curvature[k] > 0.0 { rho[k] / curvature[k] } else { f64::INFINITY };
                    self.reached_radius[k] = lowest >= to_radius;
                    alpha[k] = lowest.min(to_radius);
                }
            }
            let new_rho = self.advance(alpha, diagonal);
            for (searching, reached) in searching.iter_mut().zip(&self.reached_radius) {
                *searching &= !reached;
            }
            let beta = std::array::from_fn(|k| new_rho[k] / rho[k]);
            for k in 0..K {
                lengths[k].turn(alpha[k], beta[k], new_rho[k]);
            }
            self.turn(beta, diagonal, &searching);
            rho = new_rho;
        }
    }

    /// Goes along the direction; by function, the square of the residual in the norm of the inverse
    /// diagonal.
    fn advance(&mut self, alpha: [f64; K], diagonal: &[[f32; K]]) -> [f64; K] {
        let alpha = alpha.map(|alpha| alpha as f32);
        let mut sums = [0.0; K];
        let moved = self.step.iter_mut().zip(&mut self.residual);
        let along = self.along.iter().zip(diagonal);
        for ((step, residual), (Along { direction, product }, d)) in moved.zip(along) {
            for k in 0..K {
                step[k] += alpha[k] * direction[k];
                residual[k] -= alpha[k] * product[k];
                sums[k] += f64::from(residual[k] * residual[k] / d[k]);
            }
        }
        sums
    }

    /// Sets the next direction; 0 where none is searched.
    fn turn(&mut self, beta: [f64; K], diagonal: &[[f32; K]], searching: &[bool; K]) {
        let keep = searching.map(|searching| if searching { 1.0 } else { 0.0 });
        let beta: [f32; K] =
            std::array::from_fn(|k| if searching[k] { beta[k] as f32 } else { 0.0 });
        for (Along { direction, .. }, (residual, d)) in
            self.along.iter_mut().zip(self.residual.iter().zip(diagonal))
        {
            for k in 0..K {
                direction[k] = keep[k] * residual[k] / d[k] + beta[k] * direction[k];
            }
        }
    }
}

/// Products of step and direction in the norm of the diagonal. They follow from how both came
/// about, since the residual is orthogonal to all directions before: no pass over them is needed.
#[derive(Clone, Copy)]
struct Lengths {
    step_step: f64,
    step_direction: f64,
    direction_direction: f64,
}

impl Lengths {
    fn at_start(rho: f64) -> Self {
        Lengths { step_step: 0.0, step_direction: 0.0, direction_direction: rho }
    }

    /// After a step of `alpha` and a turn by `beta`.
    fn turn(&mut self, alpha: f64, beta: f64, rho: f64) {
        let Lengths { step_step: ss, step_direction: sd, direction_direction: dd } = *self;
        self.step_step = ss + alpha * (2.0 * sd + alpha * dd);
        self.step_direction = beta * (sd + alpha * dd);
        self.direction_direction = rho + beta * beta * dd;
    }

    /// How far along the direction the edge of the ellipsoid lies.
    fn to_radius(self, radius: f64) -> f64 {
        let Lengths { step_step: ss, step_direction: sd, direction_direction: dd } = self;
        let left = (radius * radius - ss).max(0.0);
        let root = (sd * sd + dd * left).sqrt();
        if sd >= 0.0 { left / (sd + root) } else { (root - sd) / dd }
    }
}
