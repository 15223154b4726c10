//! Trust-region Newton steps by conjugate gradients, for several functions side by side.

use super::objective::{Along, Objective, dots};
use super::preconditioner::Preconditioner;

/// Where a solver stopped.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Stopped {
    pub(super) iterations: usize,
    pub(super) objective: f64,
    pub(super) gradient_norm: f64,
}

/// Where a function may stop, and how roughly its steps are found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal {
    /// Its gradient's norm is at most this.
    pub(super) gradient_norm: f64,
    /// What a step may leave of the gradient, as a share: far from the optimum an exact step is
    /// wasted, near it every further step costs more than an exact one.
    pub(super) looseness: f64,
}

/// Minimises the `K` functions of an objective from `x`, each until its goal is reached, or for
/// `max_iterations` Newton steps.
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
    goals: [Goal; K],
    max_iterations: usize,
) -> [Stopped; K] {
    let n = objective.dimension();
    let (mut gradient, mut candidate) = (vec![[0.0; K]; n], vec![[0.0; K]; n]);
    let mut preconditioner = Preconditioner::new(n);
    let mut work = ConjugateGradients::new(n);
    let values = objective.values(x);
    objective.gradients(x, [true; K], &mut gradient);
    let norms = dots(&gradient, &gradient).map(f64::sqrt);
    let mut lanes: [Lane; K] = std::array::from_fn(|k| {
        Lane::new(values[k], norms[k], norms[k] > goals[k].gradient_norm && max_iterations > 0)
    });
    let mut accepted = [true; K];
    while lanes.iter().any(|lane| lane.running) {
        if accepted.contains(&true) {
            preconditioner.look(objective);
        }
        let models = work.solve(objective, &gradient, &preconditioner, &mut lanes, &goals);
        for ((candidate, x), step) in candidate.iter_mut().zip(x.iter()).zip(&work.step) {
            *candidate = std::array::from_fn(|k| x[k] + f64::from(step[k]));
        }
        let values = objective.values(&candidate);
        accepted = [false; K];
        for (k, lane) in lanes.iter_mut().enumerate().filter(|(_, lane)| lane.running) {
            accepted[k] = lane.judge(values[k], &models[k]);
            lane.running &= lane.iterations < max_iterations;
        }
        if accepted.contains(&true) {
            for (x, candidate) in x.iter_mut().zip(&candidate) {
                *x = std::array::from_fn(|k| if accepted[k] { candidate[k] } else { x[k] });
            }
            objective.gradients(x, accepted, &mut gradient);
            let norms = dots(&gradient, &gradient).map(f64::sqrt);
            for (k, lane) in lanes.iter_mut().enumerate().filter(|&(k, _)| accepted[k]) {
                lane.running &= norms[k] > goals[k].gradient_norm;
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
    /// How far its quadratic model is trusted, in the norm of the preconditioner; not a number at
    /// first.
    radius: f64,
    iterations: usize,
    running: bool,
    /// Whether values no longer tell steps apart: for as long as gradients shrink, steps are taken.
    is_at_rounding: bool,
}

impl Lane {
    fn new(value: f64, norm: f64, running: bool) -> Self {
        Lane { value, norm, radius: f64::NAN, iterations: 0, running, is_at_rounding: false }
    }

    /// Whether the step is taken; sets how far the next may go.
    fn judge(&mut self, value: f64, step: &Model) -> bool {
        // Constants of the references.
        const ACCEPT: f64 = 1e-4;
        const POOR: f64 = 0.25;
        const GOOD: f64 = 0.75;
        let first = self.iterations == 0;
        self.iterations += 1;
        if !value.is_finite() {
            self.radius *= 0.25;
            return false;
        }
        let (gained, foretold, length) = (self.value - value, step.foretold, step.step_step.sqrt());
        let rounding = 1e-12 * self.value.abs();
        if gained.abs() <= rounding && foretold <= rounding {
            self.value = value;
            self.is_at_rounding = true;
            return true;
        }
        if first {
            self.radius = self.radius.min(length);
        }
        // Where a parabola through both values has its lowest point.
        let slope = step.slope();
        let excess = value - self.value - slope;
        let best = if excess <= 0.0 { 4.0 } else { (-0.5 * slope / excess).max(0.25) };
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
            self.value = value;
            return true;
        }
        false
    }
}

struct ConjugateGradients<const K: usize> {
    step: Vec<[f32; K]>,
    residual: Vec<[f32; K]>,
    along: Vec<Along<K>>,
}

impl<const K: usize> ConjugateGradients<K> {
    fn new(n: usize) -> Self {
        let zeros = || vec![[0.0; K]; n];
        let along = vec![Along::new([0.0; K]); n];
        ConjugateGradients { step: zeros(), residual: zeros(), along }
    }

    /// Solves `H step = −gradient` roughly, within `‖step‖ ≤ radius` in the norm of the
    /// preconditioner; a radius that is no number is set to the gradient's norm in that of its
    /// inverse. The step of a function that no longer runs is 0.
    fn solve(
        &mut self,
        objective: &impl Objective<K>,
        gradient: &[[f64; K]],
        preconditioner: &Preconditioner<K>,
        lanes: &mut [Lane; K],
        goals: &[Goal; K],
    ) -> [Model; K] {
        const MOST_ITERATIONS: usize = 250;
        self.step.fill([0.0; K]);
        let mut searching: [bool; K] = std::array::from_fn(|k| lanes[k].running);
        for (residual, gradient) in self.residual.iter_mut().zip(gradient) {
            *residual = gradient.map(|g| -g as f32);
        }
        for along in &mut self.along {
            along.product = [0.0; K];
        }
        let (mut rho, mut left) = self.advance([0.0; K], preconditioner);
        for (lane, rho) in lanes.iter_mut().zip(rho).filter(|(lane, _)| lane.radius.is_nan()) {
            lane.radius = rho.sqrt();
        }
        let enough: [f64; K] = std::array::from_fn(|k| goals[k].looseness * rho[k].sqrt());
        let mut models = rho.map(Model::at_start);
        self.turn([0.0; K], preconditioner, &searching);
        for _ in 0..MOST_ITERATIONS {
            for k in 0..K {
                searching[k] &=
                    rho[k].sqrt() > enough[k] && left[k].sqrt() > 0.5 * goals[k].gradient_norm;
            }
            if !searching.contains(&true) {
                break;
            }
            let curvature = objective.hessian_products(&mut self.along);
            let mut alpha = [0.0; K];
            for k in 0..K {
                searching[k] &= !curvature[k].is_nan();
                if searching[k] {
                    alpha[k] = models[k].advance(rho[k], curvature[k], lanes[k].radius);
                }
            }
            let (new_rho, new_left) = self.advance(alpha, preconditioner);
            left = new_left;
            let beta: [f64; K] = std::array::from_fn(|k| new_rho[k] / rho[k]);
            for k in 0..K {
                models[k].turn(alpha[k], beta[k], new_rho[k]);
                searching[k] &= !models[k].reached_radius;
            }
            self.turn(beta, preconditioner, &searching);
            rho = new_rho;
        }
        models
    }

    /// Goes along the direction; by function, the square of the residual in the norm of the
    /// preconditioner's inverse.
    fn advance(
        &mut self,
        alpha: [f64; K],
        preconditioner: &Preconditioner<K>,
    ) -> ([f64; K], [f64; K]) {
        let alpha = alpha.map(|alpha| alpha as f32);
        let (mut sums, mut squares) = ([0.0; K], [0.0; K]);
        let moved = self.step.iter_mut().zip(&mut self.residual);
        let along = self.along.iter().zip(preconditioner.reciprocals());
        for ((step, residual), (Along { direction, product }, reciprocal)) in moved.zip(along) {
            for k in 0..K {
                step[k] += alpha[k] * direction[k];
                residual[k] -= alpha[k] * product[k];
                let square = residual[k] * residual[k];
                squares[k] += f64::from(square);
                sums[k] += f64::from(square * reciprocal[k]);
            }
        }
        for (variable, solved) in preconditioner.heavy(&self.residual) {
            for k in 0..K {
                sums[k] += solved[k] * f64::from(self.residual[variable][k]);
            }
        }
        (sums, squares)
    }

    /// Sets the next direction; 0 where none is searched.
    fn turn(&mut self, beta: [f64; K], preconditioner: &Preconditioner<K>, searching: &[bool; K]) {
        let keep = searching.map(|searching| if searching { 1.0 } else { 0.0 });
        let beta: [f32; K] =
            std::array::from_fn(|k| if searching[k] { beta[k] as f32 } else { 0.0 });
        for (Along { direction, .. }, (residual, reciprocal)) in
            self.along.iter_mut().zip(self.residual.iter().zip(preconditioner.reciprocals()))
        {
            for k in 0..K {
                direction[k] = keep[k] * residual[k] * reciprocal[k] + beta[k] * direction[k];
            }
        }
        for (variable, solved) in preconditioner.heavy(&self.residual) {
            for k in 0..K {
                self.along[variable].direction[k] += keep[k] * solved[k] as f32;
            }
        }
    }
}

/// What is known of a step and of the direction after it. It follows from how both came about,
/// since the residual is orthogonal to all directions before: no pass over them is needed.
#[derive(Clone, Copy)]
struct Model {
    /// Products of step and direction in the norm of the preconditioner.
    step_step: f64,
    step_direction: f64,
    direction_direction: f64,
    /// The step's product with what the Hessian makes of it.
    curvature: f64,
    /// How much the quadratic model says is gained.
    foretold: f64,
    reached_radius: bool,
}

impl Model {
    fn at_start(rho: f64) -> Self {
        Model {
            step_step: 0.0,
            step_direction: 0.0,
            direction_direction: rho,
            curvature: 0.0,
            foretold: 0.0,
            reached_radius: false,
        }
    }

    /// How far to go along the direction: to its lowest point, or the edge of the ellipsoid.
    fn advance(&mut self, rho: f64, curvature: f64, radius: f64) -> f64 {
        let to_radius = self.to_radius(radius);
        // Along a line without curvature, go as far as the model is trusted.
        let lowest = if curvature > 0.0 { rho / curvature } else { f64::INFINITY };
        self.reached_radius = lowest >= to_radius;
        let alpha = lowest.min(to_radius);
        self.curvature += alpha * alpha * curvature;
        self.foretold += alpha * (rho - 0.5 * alpha * curvature);
        alpha
    }

    /// After a step of `alpha` and a turn by `beta`.
    fn turn(&mut self, alpha: f64, beta: f64, rho: f64) {
        let Model { step_step: ss, step_direction: sd, direction_direction: dd, .. } = *self;
        self.step_step = ss + alpha * (2.0 * sd + alpha * dd);
        self.step_direction = beta * (sd + alpha * dd);
        self.direction_direction = rho + beta * beta * dd;
    }

    /// How far along the direction the edge of the ellipsoid lies.
    fn to_radius(self, radius: f64) -> f64 {
        let Model { step_step: ss, step_direction: sd, direction_direction: dd, .. } = self;
        let left = (radius * radius - ss).max(0.0);
        let root = (sd * sd + dd * left).sqrt();
        if sd >= 0.0 { left / (sd + root) } else { (root - sd) / dd }
    }

    /// The gradient's product with the step.
    fn slope(&self) -> f64 {
        -self.foretold - 0.5 * self.curvature
    }
}
