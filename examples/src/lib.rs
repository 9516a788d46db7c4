//! Small programs that show how mailflow is embedded: see `src/bin`, each runs with `cargo run -p mailflow-examples --bin NAME`.
