//! The one writer of a file of SQLite: changes that wait are made durable by one fsync, and those
//! of a kind in one step.

use sqlx::error::ErrorKind;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::statement::{Row, Statement};

/// Callers whose changes are made durable together, and who may wait.
const GROUP: usize = 512;

/// Hands changes to a task, which alone has the connection for writing.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pool: SqlitePool,
    queue: mpsc::Sender<Turn>,
}

/// What became of changes that were made.
pub(crate) enum Made {
    /// The rows that they returned.
    Rows(Vec<Row>),
    /// The one row of the only statement, in one step with those of others.
    Shared,
}

/// The changes of one caller: all of them or none.
struct Turn {
    changes: Vec<Statement>,
    answer: oneshot::Sender<sqlx::Result<Made>>,
}

impl Made {
    /// Whether a row was returned.
    pub(crate) fn any(&self) -> bool {
        match self {
            Self::Rows(rows) => !rows.is_empty(),
            Self::Shared => true,
        }
    }

    /// The rows of changes that are not shared.
    pub(crate) fn rows(self) -> Vec<Row> {
        match self {
            Self::Rows(rows) => rows,
            Self::Shared => Vec::new(),
        }
    }
}

impl Turn {
    /// How its change is made in one step with those of others.
    fn sharing(&self) -> Option<&'static str> {
        match &self.changes[..] {
            [only] => only.sharing(),
            _ => None,
        }
    }
}

impl Writer {
    /// Starts the task on the runtime that this is called on. It ends with the last clone.
    pub(crate) fn start(pool: SqlitePool) -> Self {
        let (queue, waiting) = mpsc::channel(GROUP);
        Handle::current().spawn(run(pool.clone(), waiting));
        Self { pool, queue }
    }

    /// Makes all of the changes or none; answers the rows that they return. They are made even when
    /// the call is dropped.
    pub(crate) async fn write(&self, changes: &[&Statement]) -> sqlx::Result<Made> {
        let (answer, answered) = oneshot::channel();
        let changes = changes.iter().map(|&change| change.clone()).collect();
        let sent = self.queue.send(Turn { changes, answer }).await;
        sent.map_err(|_| sqlx::Error::WorkerCrashed)?;
        answered
            .await
            .unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed))
    }

    /// Its connection, which only [`Writer::write`] may change anything by.
    #[cfg(test)]
    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

async fn run(pool: SqlitePool, mut waiting: mpsc::Receiver<Turn>) {
    let mut group = Vec::new();
    let mut kept = None;
    while waiting.recv_many(&mut group, GROUP).await > 0 {
        kept = make_all(&pool, kept.take(), std::mem::take(&mut group)).await;
        // Giving it back takes a while: whoever waits already is not made to wait for that.
        if waiting.is_empty() || pool.is_closed() {
            kept = None;
        }
    }
}

/// Makes what can be made of the changes of each; gives the connection if it is fit for more.
async fn make_all(
    pool: &SqlitePool,
    kept: Option<PoolConnection<Sqlite>>,
    mut turns: Vec<Turn>,
) -> Option<PoolConnection<Sqlite>> {
    let mut kept = connected(pool, kept).await.ok();
    // What fails in one step is tried one by one, and what fails together alone, so that everyone
    // hears of his own trouble only.
    if let Some(mut connection) = kept.take() {
        turns = shared(&mut connection, turns).await;
        kept = fit(connection);
    }
    if let Some(mut connection) = kept.take() {
        turns = together(&mut connection, turns).await;
        kept = fit(connection);
    }
    for turn in turns {
        let made = match connected(pool, kept.take()).await {
            Ok(mut connection) => {
                let made = alone(&mut connection, &turn.changes).await;
                if matches!(made, Ok(_) | Err(sqlx::Error::Database(_))) {
                    kept = fit(connection);
                }
                made
            }
            Err(error) => Err(error),
        };
        // Whoever went away does not need the answer.
        let _ = turn.answer.send(made);
    }
    kept
}

/// The connection that is kept, or another.
async fn connected(
    pool: &SqlitePool,
    kept: Option<PoolConnection<Sqlite>>,
) -> sqlx::Result<PoolConnection<Sqlite>> {
    match kept {
        Some(kept) => Ok(kept),
        None => pool.acquire().await,
    }
}

/// The connection, unless it takes itself to be in a transaction still: one that SQLite rolled back
/// for want of space, say. Then another is made.
fn fit(connection: PoolConnection<Sqlite>) -> Option<PoolConnection<Sqlite>> {
    if connection.is_in_transaction() {
        drop(connection.detach());
        return None;
    }
    Some(connection)
}

async fn alone(connection: &mut SqliteConnection, changes: &[Statement]) -> sqlx::Result<Made> {
    // One statement is a transaction of its own.
    if changes.len() == 1 {
        return make(connection, changes).await.map(Made::Rows);
    }
    let mut transaction = begin(connection).await?;
    let rows = make(&mut transaction, changes).await?;
    transaction.commit().await?;
    Ok(Made::Rows(rows))
}

/// Makes the changes of several callers in one transaction, those of a kind in one step; gives back
/// those of whom nothing was made.
async fn shared(connection: &mut SqliteConnection, turns: Vec<Turn>) -> Vec<Turn> {
    let mut kinds: Vec<(&'static str, Vec<usize>)> = Vec::new();
    let mut others = Vec::new();
    for (place, turn) in turns.iter().enumerate() {
        match turn.sharing() {
            None => others.push(place),
            Some(sql) => match kinds.iter_mut().find(|(kind, _)| *kind == sql) {
                Some((_, places)) => places.push(place),
                None => kinds.push((sql, vec![place])),
            },
        }
    }
    if turns.len() == kinds.len() + others.len() {
        return turns;
    }
    let Ok(mut transaction) = begin(connection).await else {
        return turns;
    };
    let outcomes = share(&mut transaction, &turns, &kinds, &others).await;
    end(transaction, turns, outcomes).await
}

/// The outcome of each; none if those of a kind cannot be made in one step.
async fn share(
    transaction: &mut Transaction<'_, Sqlite>,
    turns: &[Turn],
    kinds: &[(&'static str, Vec<usize>)],
    others: &[usize],
) -> Option<Vec<sqlx::Result<Made>>> {
    let mut outcomes: Vec<sqlx::Result<Made>> = Vec::new();
    outcomes.resize_with(turns.len(), || Ok(Made::Shared));
    for (sql, places) in kinds {
        let callers = places.iter().flat_map(|&place| &turns[place].changes);
        let query = sqlx::query(*sql).bind(Statement::values_of(callers));
        let done = query.execute(&mut **transaction).await.ok()?;
        // Who was left out is found out one by one.
        if done.rows_affected() != places.len() as u64 {
            return None;
        }
    }
    for &place in others {
        let outcome = one_of(transaction, &turns[place].changes).await;
        outcomes[place] = outcome.ok()?;
    }
    Some(outcomes)
}

/// Makes the changes of several callers in one transaction; gives back those of whom nothing was
/// made.
async fn together(connection: &mut SqliteConnection, turns: Vec<Turn>) -> Vec<Turn> {
    if turns.len() < 2 {
        return turns;
    }
    let Ok(mut transaction) = begin(connection).await else {
        return turns;
    };
    let mut outcomes = Vec::with_capacity(turns.len());
    for turn in &turns {
        match one_of(&mut transaction, &turn.changes).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(_) => {
                outcomes.clear();
                break;
            }
        }
    }
    let outcomes = Some(outcomes).filter(|outcomes| outcomes.len() == turns.len());
    end(transaction, turns, outcomes).await
}

/// Commits and answers, or gives back those of whom nothing was made.
async fn end(
    transaction: Transaction<'_, Sqlite>,
    turns: Vec<Turn>,
    outcomes: Option<Vec<sqlx::Result<Made>>>,
) -> Vec<Turn> {
    let Some(outcomes) = outcomes else {
        // One that cannot be rolled back was rolled back by what went wrong.
        let _ = transaction.rollback().await;
        return turns;
    };
    if transaction.commit().await.is_err() {
        return turns;
    }
    for (turn, outcome) in turns.into_iter().zip(outcomes) {
        // Whoever went away does not need the answer.
        let _ = turn.answer.send(outcome);
    }
    Vec::new()
}

/// The outcome of one caller's changes, of which none is made if one fails; an error if that spoils
/// those of the others.
async fn one_of(
    transaction: &mut Transaction<'_, Sqlite>,
    changes: &[Statement],
) -> sqlx::Result<sqlx::Result<Made>> {
    // One statement that breaks a constraint has done nothing.
    let several = changes.len() > 1;
    if several {
        run_in(transaction, "savepoint turn").await?;
    }
    let outcome = make(transaction, changes).await;
    match &outcome {
        // A full disk or the like may have rolled all of it back.
        Err(sqlx::Error::Database(error)) if error.kind() != ErrorKind::Other => {
            if several {
                run_in(transaction, "rollback to turn").await?;
            }
        }
        Err(_) => return outcome.map(|rows| Ok(Made::Rows(rows))),
        Ok(_) => {}
    }
    if several {
        run_in(transaction, "release turn").await?;
    }
    Ok(outcome.map(Made::Rows))
}

async fn run_in(transaction: &mut Transaction<'_, Sqlite>, sql: &'static str) -> sqlx::Result<()> {
    sqlx::query(sql).execute(&mut **transaction).await?;
    Ok(())
}

/// The write lock is held from the start, so a transaction never has to give up halfway.
async fn begin(connection: &mut SqliteConnection) -> sqlx::Result<Transaction<'_, Sqlite>> {
    connection.begin_with("begin immediate").await
}

/// All rows are fetched, where there is one at most, too: only then is a change made.
async fn make(connection: &mut SqliteConnection, changes: &[Statement]) -> sqlx::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for change in changes {
        let more = change.sqlite().fetch_all(&mut *connection).await?;
        rows.extend(more.into_iter().map(Row::Sqlite));
    }
    Ok(rows)
}
