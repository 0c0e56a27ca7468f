//! The one writer of a file of SQLite: changes that wait are made durable by one fsync.

use sqlx::error::ErrorKind;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, Transaction};
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

/// The changes of one caller: all of them or none.
struct Turn {
    changes: Vec<Statement>,
    answer: oneshot::Sender<sqlx::Result<Vec<Row>>>,
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
    pub(crate) async fn write(&self, changes: &[&Statement]) -> sqlx::Result<Vec<Row>> {
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
    while waiting.recv_many(&mut group, GROUP).await > 0 {
        let turns = std::mem::take(&mut group);
        // What fails together is tried alone, so that everyone hears of his own trouble only.
        for turn in together(&pool, turns).await {
            let rows = alone(&pool, &turn.changes).await;
            // Whoever went away does not need the answer.
            let _ = turn.answer.send(rows);
        }
    }
}

async fn alone(pool: &SqlitePool, changes: &[Statement]) -> sqlx::Result<Vec<Row>> {
    let mut transaction = begin(pool).await?;
    let rows = make(&mut transaction, changes).await?;
    transaction.commit().await?;
    Ok(rows)
}

/// Makes the changes of several callers in one transaction; gives back those of whom nothing was
/// made.
async fn together(pool: &SqlitePool, turns: Vec<Turn>) -> Vec<Turn> {
    if turns.len() < 2 {
        return turns;
    }
    let Ok(mut transaction) = begin(pool).await else {
        return turns;
    };
    let mut outcomes = Vec::with_capacity(turns.len());
    for turn in &turns {
        match one_of(&mut transaction, &turn.changes).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(_) => return turns,
        }
    }
    if transaction.commit().await.is_err() {
        return turns;
    }
    for (turn, outcome) in turns.into_iter().zip(outcomes) {
        let _ = turn.answer.send(outcome);
    }
    Vec::new()
}

/// The outcome of one caller's changes, of which none is made if one fails; an error if that spoils
/// those of the others.
async fn one_of(
    transaction: &mut Transaction<'static, Sqlite>,
    changes: &[Statement],
) -> sqlx::Result<sqlx::Result<Vec<Row>>> {
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
        Err(_) => return outcome.map(Ok),
        Ok(_) => {}
    }
    if several {
        run_in(transaction, "release turn").await?;
    }
    Ok(outcome)
}

async fn run_in(
    transaction: &mut Transaction<'static, Sqlite>,
    sql: &'static str,
) -> sqlx::Result<()> {
    sqlx::query(sql).execute(&mut **transaction).await?;
    Ok(())
}

/// The write lock is held from the start, so a transaction never has to give up halfway.
async fn begin(pool: &SqlitePool) -> sqlx::Result<Transaction<'static, Sqlite>> {
    pool.begin_with("begin immediate").await
}

/// All rows are fetched, where there is one at most, too: only then is a change made.
async fn make(
    transaction: &mut Transaction<'static, Sqlite>,
    changes: &[Statement],
) -> sqlx::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for change in changes {
        let more = change.sqlite().fetch_all(&mut **transaction).await?;
        rows.extend(more.into_iter().map(Row::Sqlite));
    }
    Ok(rows)
}
