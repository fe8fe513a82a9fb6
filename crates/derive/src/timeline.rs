//! The facts of a vehicle in the order of measurement, checkpoints for late ones, and what is told of the folds.
