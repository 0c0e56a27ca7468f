//! `dtm init`

use clap::Args;

use super::untold;
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::home::{Held, Home};
use crate::open::{self, OnStep, held_by};
use crate::settings::Settings;
use crate::shipped::Origin;

/// Make a new home with an administrator
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm init --home /srv/dtm --store s3://dtm/lake")]
pub(crate) struct Init {
    /// Where tables and evidence go: a folder, or `s3://bucket/prefix`
    #[arg(long, default_value = "lake", value_name = "URL")]
    store: String,
    /// The control database that several nodes share, such as `postgres://dtm@db.example/dtm`; by
    /// default a file of the home. A password is taken from `PGPASSWORD` or `~/.pgpass`
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "URL"
    )]
    database: String,
}

impl Init {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let home = &context.place.home;
        let project = Origin::of(context.place.project.as_deref())?;
        let settings = Settings {
            database: self.database,
            ..Settings::new(&self.store)
        };
        check_database(&settings.database)?;
        let made = make(&context, settings, &project, untold()).await?;
        made.0.close_with_log().await;
        let shown = home.root().display();
        tell(&format!(
            "made the home `{shown}`; the administrator's token is in `{}`\n\
             next: dtm apply, then dtm serve",
            home.token_file().display()
        ))
    }
}

/// Makes a home and opens it. The store is tried before anything of the home is written.
pub(crate) async fn make(
    context: &Context,
    settings: Settings,
    project: &Origin,
    on_step: OnStep,
) -> Outcome<(conduct::House, Held)> {
    let home: &Home = &context.place.home;
    let unwritable = |e: std::io::Error| {
        Failure::Unavailable(format!(
            "cannot make the home `{}`: {e}; name a folder on a disk that can be written with `--home`",
            home.root().display()
        ))
    };
    std::fs::create_dir_all(home.root()).map_err(unwritable)?;
    let held = match home.hold()? {
        Ok(held) => held,
        Err(holder) => return Err(held_by(home, holder.map(|h| h.pid))),
    };
    home.make(&settings)?;
    let settings = Settings::read(&home.settings_file(), &open::env)?;
    let made = async {
        let house = open::house(home, &settings, project, on_step).await?;
        let token = house.first_token("operator").await?;
        home.write_token(token.reveal())?;
        Ok(house)
    };
    match made.await {
        Ok(house) => Ok((house, held)),
        Err(failure) => {
            // Half a home would be taken for a whole one.
            std::fs::remove_file(home.settings_file())?;
            Err(failure)
        }
    }
}

/// Secrets are not written to files.
fn check_database(url: &str) -> Outcome {
    let password = url::Url::parse(url)
        .ok()
        .and_then(|url| url.password().map(drop));
    if password.is_some() {
        return Err(Failure::Usage(
            "the address of the control database holds a password, which would be written to \
             `dtm.toml`; leave it out, and give it in `PGPASSWORD` or `~/.pgpass`"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Talk goes to stderr; stdout is for data.
pub(crate) fn tell(text: &str) -> Outcome {
    use std::io::Write;
    writeln!(std::io::stderr().lock(), "{text}")?;
    Ok(())
}
