//! Access tokens, by the hash of their secret.

use chrono::{DateTime, Utc};
use service::Principal;

use crate::codec::micros;
use crate::statement::Statement;
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
        let statement = Statement::new(include_str!("../sql/add_token.sql"))
            .text(hash)
            .principal(principal)
            .number(micros(created_at))
            .maybe_number(expires_at.map(micros));
        self.write("keep the token", &statement).await?;
        Ok(())
    }

    /// The token of that hash, ended or not.
    pub async fn token(&self, hash: &str) -> Result<Option<TokenRecord>> {
        let statement = Statement::new("select * from tokens where hash = $1")
            .text(hash)
            .shared(include_str!("../sql/tokens.sql"));
        let row = self.read_one("read the token", &statement).await?;
        let Some(row) = row else { return Ok(None) };
        let reader = self.reader(&row);
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
        let statement = |sql| Statement::new(sql).text(hash);
        // These go by a token that is not revoked yet.
        let sessions = statement(include_str!("../sql/end_sessions.sql"));
        let codes = statement(include_str!("../sql/end_sign_in_codes.sql"));
        let token = statement(include_str!("../sql/revoke_token.sql")).number(micros(at));
        let revoked = self
            .write_all("revoke the token", &[&sessions, &codes, &token])
            .await?;
        Ok(!revoked.is_empty())
    }
}
