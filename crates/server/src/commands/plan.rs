//! `dtm plan` and `dtm apply`

use clap::Args;
use serde_json::json;
use service::PlannedChange;

use super::init::tell;
use super::untold;
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::open::open_project;
use crate::output::Records;
use crate::progress;

/// Show what the lake lacks of the project
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm plan --home ./dtm-home")]
pub(crate) struct Plan {}

/// Make the lake what the project says
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm apply --home ./dtm-home")]
pub(crate) struct Apply {}

impl Plan {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let opened = open_project(&context.place, untold()).await?;
        let spinner = progress::spinner("comparing the project with the lake");
        let plan = opened.service.plan(&opened.call).await;
        opened.close().await;
        spinner.finish_and_clear();
        let plan = plan?;
        print(&plan, &context)?;
        let refused = plan
            .items
            .iter()
            .any(|i| matches!(i.change, PlannedChange::Refused(_)));
        if refused {
            Err(Failure::Refused)
        } else {
            Ok(())
        }
    }
}

impl Apply {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let opened = open_project(&context.place, untold()).await?;
        let spinner = progress::spinner("applying the project");
        let plan = opened.service.apply(&opened.call).await;
        opened.close().await;
        spinner.finish_and_clear();
        print(&plan?, &context)
    }
}

fn print(plan: &service::Plan, context: &Context) -> Outcome {
    if plan.items.is_empty() {
        tell("the lake is what the project says")?;
    }
    let mut records = Records::new(&["dataset", "change", "detail"]);
    for item in &plan.items {
        let (change, detail) = told(&item.change);
        records.push(vec![
            json!(item.dataset.as_str()),
            json!(change),
            json!(detail),
        ]);
    }
    // It is no difference from the project, and goes where talk goes.
    for run in &plan.runs {
        tell(&format!(
            "due: {} ({} rows): {}",
            run.dataset, run.rows, run.scope
        ))?;
    }
    records.print(context.format)
}

fn told(change: &PlannedChange) -> (&'static str, String) {
    match change {
        PlannedChange::Create => ("create", "the table is not there".to_owned()),
        PlannedChange::AddColumns(names) => ("add_columns", names.join(", ")),
        PlannedChange::Rebuild => (
            "rebuild",
            "the major version rose; it begins empty".to_owned(),
        ),
        PlannedChange::LoadCodes => ("load_codes", "the code list's rows differ".to_owned()),
        PlannedChange::Describe => ("describe", "the contract's words changed".to_owned()),
        PlannedChange::Refused(reason) => ("refused", reason.clone()),
    }
}
