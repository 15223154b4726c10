//! Trust-region Newton steps by conjugate gradients.

use super::objective::{Objective, dot};

/// Where a solver stopped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stopped {
    pub(super) iterations: usize,
    pub(super) objective: f64,
    pub(super) gradient_norm: f64,
}

/// Minimises from `x` until the gradient's norm is at most `gradient_norm`, or for
/// `max_iterations` Newton steps.
///
/// Each step is found by preconditioned conjugate gradients inside an ellipsoid that grows and
/// shrinks with how well the quadratic model foretold the last step.
///
/// # References
///
/// Lin, Weng & Keerthi 2008, Trust region Newton method for large-scale logistic regression,
/// JMLR 9:627–650; Hsia, Chiang & Lin 2018, Preconditioned conjugate gradient methods in truncated
/// Newton frameworks for large-scale linear classification, ACML.
pub(super) fn minimise(
    objective: &mut impl Objective,
    x: &mut [f64],
    gradient_norm: f64,
    max_iterations: usize,
) -> Stopped {
    // Constants of the references.
    const ACCEPT: f64 = 1e-4;
    const POOR: f64 = 0.25;
    const GOOD: f64 = 0.75;
    let n = objective.dimension();
    let mut gradient = vec![0.0; n];
    let mut diagonal = vec![0.0; n];
    let mut work = ConjugateGradients::new(n);
    let mut candidate = vec![0.0; n];
    let mut value = objective.value(x);
    objective.gradient(x, &mut gradient);
    let mut norm = dot(&gradient, &gradient).sqrt();
    let mut radius = f64::NAN;
    let mut iterations = 0;
    while norm > gradient_norm && iterations < max_iterations {
        objective.hessian_diagonal(&mut diagonal);
        if radius.is_nan() {
            radius = scaled_norm(&gradient, &diagonal, |g, d| g * g / d);
        }
        work.solve(objective, &gradient, &diagonal, radius);
        let step = &work.step;
        for ((candidate, x), step) in candidate.iter_mut().zip(x.iter()).zip(step) {
            *candidate = x + step;
        }
        let slope = dot(&gradient, step);
        let foretold = -0.5 * (slope - dot(step, &work.residual));
        let new_value = objective.value(&candidate);
        if !new_value.is_finite() {
            radius *= 0.25;
            iterations += 1;
            continue;
        }
        let gained = value - new_value;
        let length = scaled_norm(step, &diagonal, |s, d| s * s * d);
        if iterations == 0 {
            radius = radius.min(length);
        }
        iterations += 1;
        // Where a parabola through both values has its lowest point.
        let excess = new_value - value - slope;
        let best = if excess <= 0.0 { 4.0 } else { (-0.5 * slope / excess).max(0.25) };
        radius = if gained < ACCEPT * foretold {
            (best * length).min(0.5 * radius)
        } else if gained < POOR * foretold {
            (0.25 * radius).max((best * length).min(0.5 * radius))
        } else if gained < GOOD * foretold {
            (0.25 * radius).max((best * length).min(4.0 * radius))
        } else if work.reached_radius {
            4.0 * radius
        } else {
            radius.max((best * length).min(4.0 * radius))
        };
        if gained > ACCEPT * foretold {
            value = new_value;
            x.copy_from_slice(&candidate);
            objective.gradient(x, &mut gradient);
            norm = dot(&gradient, &gradient).sqrt();
        } else if gained.abs() <= 1e-12 * value.abs() && foretold <= 1e-12 * value.abs() {
            // No further step can be told from rounding.
            break;
        }
    }
    Stopped { iterations, objective: value, gradient_norm: norm }
}

fn scaled_norm(v: &[f64], diagonal: &[f64], square: impl Fn(f64, f64) -> f64) -> f64 {
    v.iter().zip(diagonal).map(|(&v, &d)| square(v, d)).sum::<f64>().sqrt()
}

struct ConjugateGradients {
    step: Vec<f64>,
    residual: Vec<f64>,
    direction: Vec<f64>,
    product: Vec<f64>,
    reached_radius: bool,
}

impl ConjugateGradients {
    fn new(n: usize) -> Self {
        let zeros = || vec![0.0; n];
        ConjugateGradients {
            step: zeros(),
            residual: zeros(),
            direction: zeros(),
            product: zeros(),
            reached_radius: false,
        }
    }

    /// Solves `H step = −gradient` roughly, within `‖step‖ ≤ radius` in the norm of the diagonal.
    fn solve(
        &mut self,
        objective: &impl Objective,
        gradient: &[f64],
        diagonal: &[f64],
        radius: f64,
    ) {
        const LOOSENESS: f64 = 0.1;
        const MOST_ITERATIONS: usize = 250;
        self.step.fill(0.0);
        self.reached_radius = false;
        for (residual, gradient) in self.residual.iter_mut().zip(gradient) {
            *residual = -gradient;
        }
        let preconditioned =
            |residual: &[f64]| scaled_norm(residual, diagonal, |r, d| r * r / d).powi(2);
        let mut rho = preconditioned(&self.residual);
        let enough = LOOSENESS * rho.sqrt();
        for (direction, (residual, d)) in
            self.direction.iter_mut().zip(self.residual.iter().zip(diagonal))
        {
            *direction = residual / d;
        }
        for _ in 0..MOST_ITERATIONS {
            if rho.sqrt() <= enough {
                break;
            }
            objective.hessian_product(&self.direction, &mut self.product);
            let curvature = dot(&self.direction, &self.product);
            if curvature.is_nan() {
                break;
            }
            // Along a line without curvature, go as far as the model is trusted.
            let alpha = match curvature > 0.0 {
                true => rho / curvature,
                false => f64::INFINITY,
            };
            let to_radius = self.length_to_radius(diagonal, radius);
            self.reached_radius = alpha >= to_radius;
            let alpha = alpha.min(to_radius);
            add(&mut self.step, alpha, &self.direction);
            add(&mut self.residual, -alpha, &self.product);
            if self.reached_radius {
                break;
            }
            let new_rho = preconditioned(&self.residual);
            let beta = new_rho / rho;
            for (direction, (residual, d)) in
                self.direction.iter_mut().zip(self.residual.iter().zip(diagonal))
            {
                *direction = residual / d + beta * *direction;
            }
            rho = new_rho;
        }
    }

    /// How far along the direction the edge of the ellipsoid lies.
    fn length_to_radius(&self, diagonal: &[f64], radius: f64) -> f64 {
        let (mut ss, mut sd, mut dd) = (0.0, 0.0, 0.0);
        for ((s, p), d) in self.step.iter().zip(&self.direction).zip(diagonal) {
            ss += s * s * d;
            sd += s * p * d;
            dd += p * p * d;
        }
        let left = radius * radius - ss;
        let root = (sd * sd + dd * left).sqrt();
        if sd >= 0.0 { left / (sd + root) } else { (root - sd) / dd }
    }
}

fn add(sum: &mut [f64], factor: f64, v: &[f64]) {
    for (sum, v) in sum.iter_mut().zip(v) {
        *sum += factor * v;
    }
}
