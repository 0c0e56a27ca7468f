//! Sessions of the pages and the one-time codes that begin them, by the hash of their secret.

use chrono::{DateTime, Utc};
use service::Principal;

use crate::codec::{Reader, micros};
use crate::{Books, Result};

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Who is signed in.
    pub principal: Principal,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub seen_at: DateTime<Utc>,
}

impl Books {
    /// Keeps a new session.
    pub async fn add_session(
        &self,
        hash: &str,
        principal: &Principal,
        created_at: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query(include_str!("../sql/add_session.sql"))
            .bind(hash)
            .bind(&principal.name)
            .bind(&principal.role)
            .bind(principal.agency.as_ref().map(|agency| agency.as_str()))
            .bind(micros(created_at))
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(self.fault("keep the session"))
    }

    /// The session of that hash, live or not.
    pub async fn session(&self, hash: &str) -> Result<Option<SessionRecord>> {
        let row = sqlx::query("select * from sessions where hash = ?1")
            .bind(hash)
            .fetch_optional(&self.readers)
            .await
            .map_err(self.fault("read the session"))?;
        let Some(row) = row else { return Ok(None) };
        let reader = Reader {
            file: &self.file,
            row: &row,
        };
        Ok(Some(SessionRecord {
            principal: reader.principal()?,
            created_at: reader.at("created_at")?,
            seen_at: reader.at("seen_at")?,
        }))
    }

    /// Records a use of the session; one that has ended in the meantime stays ended.
    pub async fn touch_session(&self, hash: &str, seen_at: DateTime<Utc>) -> Result<()> {
        sqlx::query("update sessions set seen_at = max(seen_at, ?2) where hash = ?1")
            .bind(hash)
            .bind(micros(seen_at))
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(self.fault("record the use of the session"))
    }

    /// Ends a session; answers whether there was one.
    pub async fn remove_session(&self, hash: &str) -> Result<bool> {
        let removal = sqlx::query("delete from sessions where hash = ?1")
            .bind(hash)
            .execute(&self.writer)
            .await
            .map_err(self.fault("end the session"))?;
        Ok(removal.rows_affected() > 0)
    }

    /// Removes sessions begun or last used before those instants, and codes that have expired.
    /// Answers how many.
    pub async fn sweep(
        &self,
        created_before: DateTime<Utc>,
        seen_before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        const DOING: &str = "remove old sessions";
        let mut transaction = self.begin(DOING).await?;
        let sessions = sqlx::query("delete from sessions where created_at < ?1 or seen_at < ?2")
            .bind(micros(created_before))
            .bind(micros(seen_before))
            .execute(&mut *transaction)
            .await
            .map_err(self.fault(DOING))?;
        let codes = sqlx::query("delete from sign_in_codes where expires_at <= ?1")
            .bind(micros(now))
            .execute(&mut *transaction)
            .await
            .map_err(self.fault(DOING))?;
        transaction.commit().await.map_err(self.fault(DOING))?;
        Ok(sessions.rows_affected() + codes.rows_affected())
    }

    /// Keeps a sign-in code.
    pub async fn add_sign_in_code(
        &self,
        hash: &str,
        principal: &Principal,
        expires_at: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query(include_str!("../sql/add_sign_in_code.sql"))
            .bind(hash)
            .bind(&principal.name)
            .bind(&principal.role)
            .bind(principal.agency.as_ref().map(|agency| agency.as_str()))
            .bind(micros(expires_at))
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(self.fault("keep the sign-in code"))
    }

    /// Uses up a sign-in code: of many at once, one gets the principal. None if the code is
    /// unknown, was used, or has expired.
    pub async fn take_sign_in_code(
        &self,
        hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Principal>> {
        // All rows are fetched, though there is one at most: only then is the removal committed.
        let taken = sqlx::query("delete from sign_in_codes where hash = ?1 returning *")
            .bind(hash)
            .fetch_all(&self.writer)
            .await
            .map_err(self.fault("use the sign-in code"))?;
        let Some(row) = taken.first() else {
            return Ok(None);
        };
        let reader = Reader {
            file: &self.file,
            row,
        };
        if now < reader.at("expires_at")? {
            reader.principal().map(Some)
        } else {
            Ok(None)
        }
    }
}
