//! The command line: flags, help, and the way from a command to its exit code.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::failure::{Failure, Outcome};
use crate::home::Home;
use crate::open::Place;
use crate::output::Format;
use crate::telemetry::Logs;

/// DTM: receives, transforms, explains and reports data on electronic transactions.
#[derive(Debug, Parser)]
#[command(name = "dtm", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// The home folder
    #[arg(
        long,
        global = true,
        env = "DTM_HOME",
        default_value = "./dtm-home",
        value_name = "DIR"
    )]
    home: PathBuf,
    /// The project folder; without `warehouse/` there, the project that the binary carries
    #[arg(long, global = true, value_name = "DIR")]
    project: Option<PathBuf>,
    /// The access token; by default the file `operator.token` of the home
    #[arg(
        long,
        global = true,
        env = "DTM_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    token: Option<String>,
    /// How data is printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// What is logged to stderr, such as `info` or `lake=debug`; by default `info` while a server
    /// runs, else `warn`
    #[arg(long, global = true, env = "DTM_LOG", value_name = "FILTER")]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a home, fill it with a period of national sample data, and serve it
    Demo(commands::demo::Demo),
    /// Make a new home with an administrator
    Init(commands::init::Init),
    /// Serve pages and API
    Serve(commands::serve::Serve),
    /// Check the project against itself: contracts, SQL, code lists, reports, lineage
    Check(commands::check::Check),
    /// Show what the lake lacks of the project
    Plan(commands::plan::Plan),
    /// Make the lake what the project says
    Apply(commands::plan::Apply),
    /// Write realistic sample data of a dataset to a file
    Generate(commands::generate::Generate),
    /// Submit files; each is one submission
    Submit(Box<commands::submit::Submit>),
    /// Take a submission's rows out of its table
    Withdraw(commands::withdraw::Withdraw),
    /// Remove the bytes that were received with a submission; hash and receipt stay
    Erase(commands::erase::Erase),
    /// Run connectors now: fetch what other systems hold, and submit it
    Pull(commands::pull::Pull),
    /// Move the deadline of an agency's data for a period to a later day
    Extend(commands::extend::Extend),
    /// Judge quarantined rows again by the contract in force; those that pass land
    Release(commands::release::Release),
    /// Verify a receipt, or the proof of an audit entry, offline
    Verify(commands::verify::Verify),
    /// Print the public keys that receipts and the audit log are verified with
    Keys(commands::keys::Keys),
    /// Run the transformations whose inputs changed, or those selected
    Run(commands::run::Run),
    /// Let readers see again what was published just before a run
    Rollback(commands::rollback::Rollback),
    /// Run a read-only query
    Query(commands::query::Query),
    /// Render a report to a file
    Report(commands::report::Report),
    /// Show what a dataset or column is made of, or what is made of it
    Lineage(commands::lineage::Lineage),
    /// Find the submissions behind a figure
    Trace(commands::trace::Trace),
    /// Put small files together, write checkpoints, show which files nobody needs and which evidence
    /// is past its retention
    Maintain(commands::maintain::Maintain),
    /// The audit log: verify it, take an entry out with its proof, witness it
    #[command(subcommand)]
    Audit(commands::audit::Audit),
    /// Access tokens
    #[command(subcommand)]
    Token(commands::token::Token),
}

/// What every command is given.
pub(crate) struct Context {
    pub place: Place,
    pub format: Format,
    pub logs: Logs,
}

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Runs a command; the first argument is the name of the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = Cli::parse_from(arguments);
    // Some libraries bring another; who connects to PostgreSQL asks which one it is.
    let chosen = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // It is chosen already where commands run one after another.
    let _chosen_before = chosen.is_err();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return tell(Failure::Other(error.into())),
    };
    match runtime.block_on(perform(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => tell(failure),
    }
}

async fn perform(cli: Cli) -> Outcome {
    let serves = matches!(cli.command, Command::Serve(_) | Command::Demo(_));
    let logs = Logs::start(cli.global.log.as_deref(), serves)?;
    let context = Context {
        place: Place {
            home: Home::at(&cli.global.home),
            project: cli.global.project,
            token: cli.global.token,
            server: None,
        },
        format: cli.global.format,
        logs: logs.clone(),
    };
    let outcome = match cli.command {
        Command::Demo(command) => command.run(context).await,
        Command::Init(command) => command.run(context).await,
        Command::Serve(command) => command.run(context).await,
        Command::Check(command) => command.run(context).await,
        Command::Plan(command) => command.run(context).await,
        Command::Apply(command) => command.run(context).await,
        Command::Generate(command) => command.run(context).await,
        Command::Submit(command) => command.run(context).await,
        Command::Run(command) => command.run(context).await,
        Command::Rollback(command) => command.run(context).await,
        Command::Query(command) => command.run(context).await,
        Command::Report(command) => command.run(context).await,
        Command::Lineage(command) => command.run(context).await,
        Command::Trace(command) => command.run(context).await,
        Command::Maintain(command) => command.run(context).await,
        Command::Audit(command) => command.run(context).await,
        Command::Token(command) => command.run(context).await,
        Command::Withdraw(command) => command.run(context).await,
        Command::Erase(command) => command.run(context).await,
        Command::Pull(command) => command.run(context).await,
        Command::Extend(command) => command.run(context).await,
        Command::Release(command) => command.run(context).await,
        Command::Verify(command) => command.run(&context),
        Command::Keys(command) => command.run(&context),
    };
    logs.finish();
    outcome
}

/// Says why on stderr.
fn tell(failure: Failure) -> ExitCode {
    let (message, hint, code) = failure.told();
    let mut stderr = std::io::stderr().lock();
    // Nobody is left to tell when stderr is closed.
    if !message.is_empty() {
        let _ = writeln!(stderr, "dtm: {message}");
    }
    if let Some(hint) = hint {
        let _ = writeln!(stderr, "     {hint}");
    }
    code
}
