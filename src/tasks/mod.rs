//! What people do with framescope, each from start to end and without a terminal.

pub mod agree;
pub mod classify;
pub mod compare;
pub mod convert;
pub mod evaluate;
pub mod explain;
mod pipeline;
mod population;
pub mod sample;
pub mod train;
