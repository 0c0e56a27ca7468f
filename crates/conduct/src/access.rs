//! Principals behind secrets: tokens, sessions, one-time codes.

use access::{SecretKind, hash, kind_of, mint};
use service::{ErrorKind, Principal, Result, Secret, ServiceError};

use crate::failure;
use crate::handles::Handles;

/// The principal of a token or session that is alive now.
pub(crate) async fn principal_of(
    handles: &Handles,
    secret: &Secret,
    expected: SecretKind,
) -> Result<Principal> {
    match kind_of(secret) {
        Ok(kind) if kind == expected => {}
        _ => return Err(unknown()),
    }
    let now = handles.now();
    let hash = hash(secret);
    if expected == SecretKind::Token {
        if let Some(agent) = handles.agents.find(&hash) {
            return Ok(agent);
        }
        let record = handles.books.token(&hash).await.map_err(failure::books)?;
        return record
            .filter(|r| access::token_is_live(now, r.expires_at, r.revoked_at))
            .map(|r| r.principal)
            .ok_or_else(unknown);
    }
    let record = handles
        .books
        .session(&hash)
        .await
        .map_err(failure::books)?
        .ok_or_else(unknown)?;
    if !access::session_is_live(now, record.created_at, record.seen_at) {
        return Err(
            ServiceError::new(ErrorKind::Unauthenticated, "the session has ended")
                .hint("Sign in again."),
        );
    }
    if access::session_needs_touch(now, record.seen_at) {
        handles
            .books
            .touch_session(&hash, now)
            .await
            .map_err(failure::books)?;
    }
    Ok(record.principal)
}

/// The principal of a token or a one-time code that is shown to sign in.
pub(crate) async fn exchange(handles: &Handles, shown: &Secret) -> Result<(Principal, SecretKind)> {
    match kind_of(shown) {
        Ok(SecretKind::Token) => {
            let principal = principal_of(handles, shown, SecretKind::Token).await?;
            Ok((principal, SecretKind::Token))
        }
        Ok(SecretKind::SignInCode) => {
            let taken = handles
                .books
                .take_sign_in_code(&hash(shown), handles.now())
                .await
                .map_err(failure::books)?;
            let principal = taken.ok_or_else(|| {
                ServiceError::new(
                    ErrorKind::Unauthenticated,
                    "the sign-in link was used or is old",
                )
                .hint("Ask for a new link, or sign in with a token.")
            })?;
            Ok((principal, SecretKind::SignInCode))
        }
        _ => Err(unknown()),
    }
}

/// A new session.
pub(crate) async fn open_session(handles: &Handles, principal: &Principal) -> Result<Secret> {
    let secret = mint(SecretKind::Session, (handles.given.random)());
    handles
        .books
        .add_session(&hash(&secret), principal, handles.now())
        .await
        .map_err(failure::books)?;
    Ok(secret)
}

/// Ends a session.
pub(crate) async fn close_session(handles: &Handles, secret: &Secret) -> Result<()> {
    handles
        .books
        .remove_session(&hash(secret))
        .await
        .map_err(failure::books)?;
    Ok(())
}

/// A one-time sign-in code for the principal.
pub(crate) async fn new_code(handles: &Handles, principal: &Principal) -> Result<Secret> {
    let secret = mint(SecretKind::SignInCode, (handles.given.random)());
    let expires_at = access::sign_in_code_expires_at(handles.now());
    handles
        .books
        .add_sign_in_code(&hash(&secret), principal, expires_at)
        .await
        .map_err(failure::books)?;
    Ok(secret)
}

/// A token for a new principal.
pub(crate) async fn new_token(handles: &Handles, principal: &Principal) -> Result<Secret> {
    access::check_principal(principal)
        .map_err(|e| ServiceError::new(ErrorKind::Invalid, e.to_string()))?;
    let secret = mint(SecretKind::Token, (handles.given.random)());
    handles
        .books
        .add_token(&hash(&secret), principal, handles.now(), None)
        .await
        .map_err(failure::books)?;
    Ok(secret)
}

fn unknown() -> ServiceError {
    ServiceError::new(
        ErrorKind::Unauthenticated,
        "the credentials are not known here",
    )
    .hint("Use a token of this home, or sign in again.")
}
