//! Access tokens, by the hash of their secret.

use chrono::{DateTime, Utc};
use service::Principal;

use crate::codec::{Reader, micros};
use crate::{Books, Result};

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Who it belongs to.
    pub principal: Principal,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends; none for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Books {
    /// Keeps a token.
    pub async fn add_token(
        &self,
        hash: &str,
        principal: &Principal,
        created_at: DateTime<Utc>,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        sqlx::query(include_str!("../sql/add_token.sql"))
            .bind(hash)
            .bind(&principal.name)
            .bind(&principal.role)
            .bind(principal.agency.as_ref().map(|agency| agency.as_str()))
            .bind(micros(created_at))
            .bind(expires_at.map(micros))
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(self.fault("keep the token"))
    }

    /// The token of that hash, ended or not.
    pub async fn token(&self, hash: &str) -> Result<Option<TokenRecord>> {
        let row = sqlx::query("select * from tokens where hash = ?1")
            .bind(hash)
            .fetch_optional(&self.readers)
            .await
            .map_err(self.fault("read the token"))?;
        let Some(row) = row else { return Ok(None) };
        let reader = Reader {
            file: &self.file,
            row: &row,
        };
        Ok(Some(TokenRecord {
            principal: reader.principal()?,
            created_at: reader.at("created_at")?,
            expires_at: reader.maybe_at("expires_at")?,
            revoked_at: reader.maybe_at("revoked_at")?,
        }))
    }

    /// Revokes a token, and ends the sessions and sign-in codes of everyone of its principal's
    /// name, for they may have been made with it. Answers whether there was one to revoke.
    pub async fn revoke_token(&self, hash: &str, at: DateTime<Utc>) -> Result<bool> {
        const DOING: &str = "revoke the token";
        let mut transaction = self.begin(DOING).await?;
        let name: Option<String> = sqlx::query_scalar(include_str!("../sql/revoke_token.sql"))
            .bind(hash)
            .bind(micros(at))
            .fetch_optional(&mut *transaction)
            .await
            .map_err(self.fault(DOING))?;
        let Some(name) = name else { return Ok(false) };
        for sql in [
            "delete from sessions where name = ?1",
            "delete from sign_in_codes where name = ?1",
        ] {
            let removal = sqlx::query(sql)
                .bind(&name)
                .execute(&mut *transaction)
                .await;
            removal.map_err(self.fault(DOING))?;
        }
        transaction.commit().await.map_err(self.fault(DOING))?;
        Ok(true)
    }
}
