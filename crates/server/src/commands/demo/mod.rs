//! `dtm demo`

mod fill;
mod summary;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use calendar::PeriodCode;
use clap::Args;
use conduct::House;
use serde::{Deserialize, Serialize};
use service::Service;

use super::init::{make, tell};
use super::serve::{Doorway, bind, serve};
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::home::{Held, Home};
use crate::open::{self, OnStep, held_by};
use crate::settings::Settings;
use crate::shipped::Origin;
use crate::{progress, telemetry};

/// Make a home, fill it with a period of national sample data, and serve it
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm demo --rows 100000 --listen 127.0.0.1:8080")]
pub(crate) struct Demo {
    /// Rows of `raw.dossiers` in the whole country
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    rows: u64,
    /// The seed: the same seed gives the same country
    #[arg(long, default_value_t = 2026, value_name = "S")]
    seed: u64,
    /// The period that is reported
    #[arg(long, default_value = "2026-09", value_name = "PERIOD")]
    period: PeriodCode,
    /// The address
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: String,
}

/// What a demo filled its home with, in `HOME/demo.json`; so a demo that was cut off is taken up
/// again and a finished one only serves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Filled {
    pub rows: u64,
    pub seed: u64,
    pub period: String,
    pub complete: bool,
}

/// How long a stage took.
pub(crate) struct Stage {
    pub name: &'static str,
    pub seconds: f64,
}

impl Demo {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let listener = bind(&self.listen).await?;
        let address = listener.local_addr()?;
        let metrics = telemetry::start_metrics()?;
        let home = context.place.home.clone();
        let bar = progress::later("transforming");
        let project = Origin::of(context.place.project.as_deref())?;
        let on_step = progress::on_step(&bar);
        let (house, held, before) = self.open(&context, &project, on_step).await?;
        let house = Arc::new(house);
        let token = std::fs::read_to_string(home.token_file())?;
        let call = open::call(Some(token.trim().to_owned()));
        if let Some(filled) = before.filter(|f| !f.complete) {
            let started = Instant::now();
            write_filled(&home, &filled)?;
            let stages = fill::fill(house.as_ref(), &call, &context, &filled, &bar).await?;
            write_filled(
                &home,
                &Filled {
                    complete: true,
                    ..filled
                },
            )?;
            summary::print(
                house.as_ref(),
                &call,
                &stages,
                started.elapsed().as_secs_f64(),
            )
            .await?;
        }
        let code = house.create_sign_in_code(&call).await?;
        summary::where_next(&home, &format!("http://{address}"), code.reveal())?;
        let settings = Settings::read(&home.settings_file(), &open::env)?;
        let doorway = Doorway::of(&home, &settings)?;
        context.logs.serve()?;
        serve(house, held, project, listener, doorway, metrics).await
    }

    /// A new home, or the one that is there; with what is left to fill.
    async fn open(
        &self,
        context: &Context,
        project: &Origin,
        on_step: OnStep,
    ) -> Outcome<(House, Held, Option<Filled>)> {
        let home = &context.place.home;
        if !home.exists() {
            let (house, held) = make(context, Settings::new("lake"), project, on_step).await?;
            let filled = Filled {
                rows: self.rows,
                seed: self.seed,
                period: self.period.to_string(),
                complete: false,
            };
            return Ok((house, held, Some(filled)));
        }
        let held = match home.hold()? {
            Ok(held) => held,
            Err(holder) => return Err(held_by(home, holder.map(|h| h.pid))),
        };
        let settings = Settings::read(&home.settings_file(), &open::env)?;
        let house = open::house(home, &settings, project, on_step).await?;
        let before = std::fs::read_to_string(filled_file(home)).ok();
        let before = before.and_then(|text| serde_json::from_str::<Filled>(&text).ok());
        if before.as_ref().is_none_or(|f| f.complete) {
            tell(&format!(
                "the home `{}` is there; it is served as it is",
                home.root().display()
            ))?;
        }
        Ok((house, held, before))
    }
}

fn filled_file(home: &Home) -> PathBuf {
    home.root().join("demo.json")
}

fn write_filled(home: &Home, filled: &Filled) -> Outcome {
    let text = serde_json::to_string_pretty(filled).map_err(|e| Failure::Other(e.into()))?;
    std::fs::write(filled_file(home), text)?;
    Ok(())
}
