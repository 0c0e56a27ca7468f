//! Progress on stderr for everything longer than a second; silent when stderr is no terminal. Whoever
//! is dropped is cleared.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::open::OnStep;

const BAR: &str = "{msg:24} {bar:32} {human_pos}/{human_len} {elapsed}";
const BYTES: &str = "{msg:24} {bar:32} {bytes}/{total_bytes} {elapsed}";
const SPINNER: &str = "{msg} {spinner} {elapsed}";

/// A bar over a known number of things.
pub(crate) fn bar(what: &str, total: u64) -> ProgressBar {
    begun(ProgressBar::new(total), BAR, what)
}

/// A bar over a known number of bytes.
pub(crate) fn bytes(what: &str, total: u64) -> ProgressBar {
    begun(ProgressBar::new(total), BYTES, what)
}

/// A spinner over work of unknown length.
pub(crate) fn spinner(what: &str) -> ProgressBar {
    begun(ProgressBar::new_spinner(), SPINNER, what)
}

/// A spinner that nobody sees before [`show`]: two on one terminal write over each other.
pub(crate) fn later(what: &str) -> ProgressBar {
    let hidden = ProgressDrawTarget::hidden();
    begun(ProgressBar::with_draw_target(None, hidden), SPINNER, what)
}

/// Shows what was begun [`later`].
pub(crate) fn show(bar: &ProgressBar) {
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.reset_elapsed();
}

/// Makes the spinner a bar over the transformations of a run, once it is told how many they are. A
/// run on a server tells nothing.
pub(crate) fn on_step(bar: &ProgressBar) -> OnStep {
    let bar = bar.clone();
    Arc::new(move |done, total, step| {
        style(&bar, BAR);
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        bar.set_message(step.dataset.to_string());
    })
}

fn begun(bar: ProgressBar, template: &str, what: &str) -> ProgressBar {
    style(&bar, template);
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}
