//! Sessions of the pages and the one-time codes that begin them, by the hash of their secret.

use chrono::{DateTime, Utc};
use service::Principal;

use crate::codec::micros;
use crate::statement::Statement;
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
        let statement = Statement::new(include_str!("../sql/add_session.sql"))
            .text(hash)
            .principal(principal)
            .number(micros(created_at));
        self.write("keep the session", &statement).await?;
        Ok(())
    }

    /// The session of that hash, live or not.
    pub async fn session(&self, hash: &str) -> Result<Option<SessionRecord>> {
        let statement = Statement::new("select * from sessions where hash = $1").text(hash);
        let row = self.read_one("read the session", &statement).await?;
        let Some(row) = row else { return Ok(None) };
        let reader = self.reader(&row);
        Ok(Some(SessionRecord {
            principal: reader.principal()?,
            created_at: reader.at("created_at")?,
            seen_at: reader.at("seen_at")?,
        }))
    }

    /// Records a use of the session; one that has ended in the meantime stays ended.
    pub async fn touch_session(&self, hash: &str, seen_at: DateTime<Utc>) -> Result<()> {
        let statement = Statement::new(include_str!("../sql/touch_session.sql"))
            .text(hash)
            .number(micros(seen_at));
        self.write("record the use of the session", &statement)
            .await?;
        Ok(())
    }

    /// Ends a session; answers whether there was one.
    pub async fn remove_session(&self, hash: &str) -> Result<bool> {
        let sql = "delete from sessions where hash = $1 returning hash";
        let statement = Statement::new(sql).text(hash);
        let removed = self.write("end the session", &statement).await?;
        Ok(!removed.is_empty())
    }

    /// Removes sessions begun or last used before those instants, and codes that have expired.
    /// Answers how many.
    pub async fn sweep(
        &self,
        created_before: DateTime<Utc>,
        seen_before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let sessions = Statement::new(include_str!("../sql/sweep_sessions.sql"))
            .number(micros(created_before))
            .number(micros(seen_before));
        let codes =
            Statement::new(include_str!("../sql/sweep_sign_in_codes.sql")).number(micros(now));
        let removed = self
            .write_all("remove old sessions", &[&sessions, &codes])
            .await?;
        Ok(removed.len() as u64)
    }

    /// Keeps a sign-in code.
    pub async fn add_sign_in_code(
        &self,
        hash: &str,
        principal: &Principal,
        expires_at: DateTime<Utc>,
    ) -> Result<()> {
        let statement = Statement::new(include_str!("../sql/add_sign_in_code.sql"))
            .text(hash)
            .principal(principal)
            .number(micros(expires_at));
        self.write("keep the sign-in code", &statement).await?;
        Ok(())
    }

    /// Uses up a sign-in code: of many at once, one gets the principal. None if the code is
    /// unknown, was used, or has expired.
    pub async fn take_sign_in_code(
        &self,
        hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Principal>> {
        let sql = "delete from sign_in_codes where hash = $1 returning *";
        let statement = Statement::new(sql).text(hash);
        let taken = self.write("use the sign-in code", &statement).await?;
        let Some(row) = taken.first() else {
            return Ok(None);
        };
        let reader = self.reader(row);
        if now < reader.at("expires_at")? {
            reader.principal().map(Some)
        } else {
            Ok(None)
        }
    }
}
