//! What becomes of a dossier between its receipt and the end of the period.

use super::dice::{Dice, exp};
use super::procedures::Procedure;
use super::workdays::{DAY, Workdays};

/// A dossier as it came in.
pub(super) struct Case<'g> {
    /// What was asked for.
    pub(super) procedure: &'g Procedure,
    /// How many deviations the agency's usual time stays below the due time.
    pub(super) margin: f64,
    /// The channel's code.
    pub(super) channel: &'static str,
    /// When it came in.
    pub(super) received: i64,
    /// The last second of the period: nothing later is known yet.
    pub(super) cutoff: i64,
}

/// What happened to it until the end of the period.
pub(super) struct Course {
    /// The state's code.
    pub(super) state: &'static str,
    /// When it reached the state.
    pub(super) at: i64,
    /// When the handling ended.
    pub(super) finished: Option<i64>,
    /// When the result was returned.
    pub(super) returned: Option<i64>,
}

impl Course {
    fn unfinished(state: &'static str, at: i64) -> Self {
        Self {
            state,
            at,
            finished: None,
            returned: None,
        }
    }
}

impl Case<'_> {
    /// Draws the course.
    pub(super) fn course(&self, workdays: &Workdays, dice: &mut Dice) -> Course {
        let sigma = self.procedure.sigma;
        let start = workdays.position(self.received);
        // The usual time lies `margin` deviations below the due time: that makes the on-time rate.
        let usual = f64::from(self.procedure.due_days) * exp(-sigma * self.margin);
        let needed = dice.log_normal(usual, sigma);
        let soonest = self.received + 60;
        let finished = workdays.instant(start + needed).max(soonest);
        let touched = workdays
            .instant(start + needed * dice.real(0.05, 0.9))
            .max(soonest);
        let ended = match dice.below(1000) {
            0..16 => Some("3"),
            16..40 => Some("7"),
            40..48 => Some("8"),
            _ => None,
        };
        if let (Some(state), true) = (ended, touched <= self.cutoff) {
            return Course::unfinished(state, touched);
        }
        if finished > self.cutoff {
            let passed = workdays.position(self.cutoff) - start;
            let touched = workdays.instant(start + passed * dice.real(0.05, 0.95));
            return self.open(touched.min(self.cutoff).max(self.received), dice);
        }
        // Online the result is there at once; at a counter people come for it when they can.
        let waited = match self.channel {
            "2" => dice.real(0.001, 0.2),
            _ => dice.log_normal(0.4, 0.9),
        };
        let returned = workdays
            .instant(workdays.position(finished) + waited)
            .max(finished);
        if returned > self.cutoff {
            return Course {
                state: "9",
                at: finished,
                finished: Some(finished),
                returned: None,
            };
        }
        Course {
            state: "10",
            at: returned,
            finished: Some(finished),
            returned: Some(returned),
        }
    }

    /// Still open at the end of the period.
    fn open(&self, touched: i64, dice: &mut Dice) -> Course {
        let is_fresh = touched - self.received < DAY;
        let state = match dice.below(100) {
            0..9 => "5",
            9..15 => "6",
            15..22 if is_fresh && self.channel == "2" => "1",
            15..35 if is_fresh => "2",
            _ => "4",
        };
        Course::unfinished(state, touched)
    }
}
