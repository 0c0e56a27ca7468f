//! Reads that every call makes, of a file of SQLite: those that wait are answered in one step.

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, Sqlite, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::statement::{Row, Statement};

/// Callers who are answered together, and who may wait.
const GROUP: usize = 512;

/// Hands reads to a task, which has a connection for them.
#[derive(Debug, Clone)]
pub(crate) struct Lookups {
    pool: SqlitePool,
    queue: mpsc::Sender<Turn>,
}

struct Turn {
    reading: Statement,
    answer: oneshot::Sender<sqlx::Result<Vec<Row>>>,
}

impl Lookups {
    /// Starts the task on the runtime that this is called on. It ends with the last clone.
    pub(crate) fn start(pool: SqlitePool) -> Self {
        let (queue, waiting) = mpsc::channel(GROUP);
        Handle::current().spawn(run(pool.clone(), waiting));
        Self { pool, queue }
    }

    /// The rows of a statement that many share. It sees every change that was made before.
    pub(crate) async fn read(&self, reading: &Statement) -> sqlx::Result<Vec<Row>> {
        let (answer, answered) = oneshot::channel();
        let reading = reading.clone();
        let sent = self.queue.send(Turn { reading, answer }).await;
        sent.map_err(|_| sqlx::Error::WorkerCrashed)?;
        answered
            .await
            .unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed))
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

async fn run(pool: SqlitePool, mut waiting: mpsc::Receiver<Turn>) {
    let mut group = Vec::new();
    let mut kept: Option<PoolConnection<Sqlite>> = None;
    while waiting.recv_many(&mut group, GROUP).await > 0 {
        let connection = match kept.take() {
            Some(kept) => Ok(kept),
            None => pool.acquire().await,
        };
        let mut rest = std::mem::take(&mut group);
        if let Ok(mut connection) = connection {
            rest = answer_all(&mut connection, rest).await;
            // Giving it back takes a while: whoever waits already is not made to wait for that.
            let is_wanted = rest.is_empty() && !waiting.is_empty() && !pool.is_closed();
            kept = is_wanted.then_some(connection);
        }
        // What failed is tried alone, so that everyone hears of his own trouble only.
        for Turn { reading, answer } in rest {
            let _ = answer.send(alone(&pool, &reading).await);
        }
    }
}

/// Answers those who wait; gives back those who are not answered.
async fn answer_all(connection: &mut SqliteConnection, turns: Vec<Turn>) -> Vec<Turn> {
    let mut kinds: Vec<(Option<&'static str>, Vec<Turn>)> = Vec::new();
    for turn in turns {
        let sql = turn.reading.sharing();
        match kinds.iter_mut().find(|(kind, _)| *kind == sql) {
            Some((_, turns)) => turns.push(turn),
            None => kinds.push((sql, vec![turn])),
        }
    }
    let mut rest = Vec::new();
    for (sql, turns) in kinds {
        let rows = match sql {
            Some(sql) if turns.len() > 1 => shared(connection, sql, &turns).await,
            _ => one_by_one(connection, &turns).await,
        };
        match rows {
            Ok(rows) => {
                for (turn, rows) in turns.into_iter().zip(rows) {
                    // Whoever went away does not need the answer.
                    let _ = turn.answer.send(Ok(rows));
                }
            }
            Err(_) => rest.extend(turns),
        }
    }
    rest
}

/// The rows of each.
async fn shared(
    connection: &mut SqliteConnection,
    sql: &'static str,
    turns: &[Turn],
) -> sqlx::Result<Vec<Vec<Row>>> {
    let values = Statement::values_of(turns.iter().map(|turn| &turn.reading));
    let found = sqlx::query(sql).bind(values).fetch_all(connection).await?;
    let mut rows: Vec<Vec<Row>> = Vec::new();
    rows.resize_with(turns.len(), Vec::new);
    for row in found {
        let turn: i64 = row.try_get("turn")?;
        let of = usize::try_from(turn)
            .ok()
            .and_then(|turn| rows.get_mut(turn));
        of.ok_or(sqlx::Error::RowNotFound)?.push(Row::Sqlite(row));
    }
    Ok(rows)
}

async fn one_by_one(
    connection: &mut SqliteConnection,
    turns: &[Turn],
) -> sqlx::Result<Vec<Vec<Row>>> {
    let mut rows = Vec::with_capacity(turns.len());
    for turn in turns {
        let found = turn.reading.sqlite().fetch_all(&mut *connection).await?;
        rows.push(own(found));
    }
    Ok(rows)
}

async fn alone(pool: &SqlitePool, reading: &Statement) -> sqlx::Result<Vec<Row>> {
    reading.sqlite().fetch_all(pool).await.map(own)
}

fn own(rows: Vec<SqliteRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Sqlite).collect()
}
