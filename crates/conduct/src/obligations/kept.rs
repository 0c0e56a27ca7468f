//! Extensions on the store: an object each, numbered, put once. The books are made again from them.

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use lake::{LakeError, PutOutcome};
use serde::{Deserialize, Serialize};
use service::{ErrorKind, Extension, ObligationKey, Result, ServiceError};

use crate::failure;
use crate::handles::Handles;

/// Where they are kept.
const FOLDER: &str = "extensions";

/// An extension as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    dataset: String,
    period: String,
    agency: String,
    number: u32,
    before: NaiveDate,
    until: NaiveDate,
    reason: String,
    principal: String,
    at: DateTime<Utc>,
}

/// Puts the extension under its number, unless there is one: then it is given.
pub(crate) async fn put(handles: &Handles, new: &Extension) -> Result<Option<Extension>> {
    let path = path(&new.of, new.number);
    let text = serde_json::to_vec_pretty(&Stored::from(new)).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write an extension").caused_by(error)
    })?;
    let objects = handles.lake.objects();
    match objects.create(&path, Bytes::from(text)).await {
        Ok(PutOutcome::Created | PutOutcome::AlreadyThere) => Ok(None),
        Err(LakeError::Conflict(_)) => read(handles, &path).await.map(Some),
        Err(error) => Err(failure::lake(error)),
    }
}

/// On start: tells the books of extensions that they do not know. One that cannot be read is
/// logged: it must not keep the node from serving.
pub(crate) async fn recover(handles: &Handles) -> Result<()> {
    let paths = handles.lake.objects().list(FOLDER).await;
    for path in paths.map_err(failure::lake)? {
        if let Err(error) = tell(handles, &path).await {
            tracing::error!(%path, %error, "the extension of a deadline is not known");
        }
    }
    Ok(())
}

async fn tell(handles: &Handles, path: &str) -> Result<()> {
    let (of, number) = named(path).ok_or_else(|| broken(path))?;
    let known = handles.books.extensions_of(&of).await;
    let known = known.map_err(failure::books)?;
    if known.iter().any(|extension| extension.number == number) {
        return Ok(());
    }
    let extension = read(handles, path).await?;
    let told = handles.books.add_extension(&extension).await;
    told.map_err(failure::books)
}

async fn read(handles: &Handles, path: &str) -> Result<Extension> {
    let text = handles.lake.objects().get(path).await;
    let text = text.map_err(failure::lake)?;
    let stored: Stored =
        serde_json::from_slice(&text).map_err(|error| broken(path).caused_by(error))?;
    let extension = stored.extension().ok_or_else(|| broken(path))?;
    // What lies under another's name is not its own.
    let own = named(path).is_some_and(|named| named == (extension.of.clone(), extension.number));
    if own {
        Ok(extension)
    } else {
        Err(broken(path))
    }
}

fn broken(path: &str) -> ServiceError {
    let message = format!("the extension `{path}` cannot be read");
    ServiceError::new(ErrorKind::Corrupt, message)
        .hint("Restore the object from a copy of the store.")
}

fn path(of: &ObligationKey, number: u32) -> String {
    let ObligationKey {
        dataset,
        period,
        agency,
    } = of;
    format!("{FOLDER}/{dataset}/{period}/{agency}/{number:06}.json")
}

/// Whose extension lies there, and its number.
fn named(path: &str) -> Option<(ObligationKey, u32)> {
    let mut parts = path.strip_prefix(FOLDER)?.strip_prefix('/')?.split('/');
    let of = ObligationKey {
        dataset: parts.next()?.parse().ok()?,
        period: parts.next()?.parse().ok()?,
        agency: parts.next()?.parse().ok()?,
    };
    let number = parts.next()?.strip_suffix(".json")?.parse().ok()?;
    parts.next().is_none().then_some((of, number))
}

impl From<&Extension> for Stored {
    fn from(extension: &Extension) -> Self {
        Self {
            dataset: extension.of.dataset.to_string(),
            period: extension.of.period.to_string(),
            agency: extension.of.agency.to_string(),
            number: extension.number,
            before: extension.before,
            until: extension.until,
            reason: extension.reason.clone(),
            principal: extension.principal.clone(),
            at: extension.at,
        }
    }
}

impl Stored {
    fn extension(self) -> Option<Extension> {
        Some(Extension {
            of: ObligationKey {
                dataset: self.dataset.parse().ok()?,
                period: self.period.parse().ok()?,
                agency: self.agency.parse().ok()?,
            },
            number: self.number,
            before: self.before,
            until: self.until,
            reason: self.reason,
            principal: self.principal,
            at: self.at,
        })
    }
}
