//! Finished results for people to read.

mod agreement;
mod comparison;
mod evaluation;
mod html;
mod methods;
mod plan;
mod svg;
mod tables;
mod tidy;

pub use agreement::{agreement, agreement_methods, pairs};
pub use comparison::{comparison, comparison_methods, comparison_table};
pub use evaluation::{evaluation, full_evaluation};
pub use html::{Example, ReportContext, comparison_html};
pub use methods::evaluation_methods;
pub use plan::{plan, plan_table};
pub use tables::{classified, strongest_terms, training};
pub use tidy::{evaluation_table, suspects_table};
