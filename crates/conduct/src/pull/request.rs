//! From a piece to a submission: whose it is, how it is written, and the key that it has each time.

use std::path::Path;

use calendar::{PeriodCode, PeriodKind};
use chrono::{DateTime, Utc};
use project::{
    AdapterFormat, AgencyCode, Connector, DatasetName, PeriodRule, Placed, Project, Repeated,
    SourceKind, WhichPeriod,
};
use pull::Piece;
use service::{
    BodyFormat, BodyType, ErrorKind, Relation, Result, ServiceError, Submission, SubmissionState,
    SubmitRequest,
};
use sha2::{Digest, Sha256};

use crate::failure;
use crate::handles::Handles;

/// The request to submit a piece, without key and relation. An error of kind `Invalid` is the
/// piece's own; any other is the connector's.
pub(super) fn request(
    project: &Project,
    connector: &Connector,
    piece: &Piece,
    now: DateTime<Utc>,
) -> Result<SubmitRequest> {
    let placed = placed(connector, &piece.name)?;
    let dataset = match (&connector.dataset, placed.dataset) {
        (Some(dataset), _) => dataset.clone(),
        (None, word) => dataset(word.unwrap_or_default())?,
    };
    let agency = match (&connector.agency, placed.agency) {
        (Some(agency), _) => agency.clone(),
        (None, word) => agency(word.unwrap_or_default())?,
    };
    let period = period(project, connector, &placed, now)?;
    let format = body_type(project, connector, piece)?;
    Ok(SubmitRequest {
        agency: Some(agency),
        ..SubmitRequest::new(dataset, period, format)
    })
}

fn invalid(message: impl Into<String>, hint: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorKind::Invalid, message).hint(hint)
}

fn placed<'n>(connector: &Connector, name: &'n str) -> Result<Placed<'n>> {
    let layout = &connector.layout;
    // What lies in no folders, as the page of an API, has a name and no place.
    if !connector.source.has_folders() {
        return Ok(Placed::default());
    }
    layout.place(name).ok_or_else(|| {
        let expected = match layout.to_string().as_str() {
            "" => "no folder within the one that is watched".to_owned(),
            layout => format!("the folder `{layout}`"),
        };
        invalid(
            format!("`{name}` does not lie where files are taken: expected {expected}"),
            "Put it there.",
        )
    })
}

/// `dossiers` in a folder's name is `raw.dossiers`.
fn dataset(word: &str) -> Result<DatasetName> {
    let full = if word.contains('.') {
        word.to_owned()
    } else {
        format!("raw.{word}")
    };
    let read: std::result::Result<DatasetName, _> = full.parse();
    read.map_err(|error: project::NameError| {
        invalid(error.to_string(), "Name the folder as the dataset.")
    })
}

fn agency(word: &str) -> Result<AgencyCode> {
    let read: std::result::Result<AgencyCode, _> = word.parse();
    read.map_err(|error: project::NameError| {
        invalid(error.to_string(), "Name the folder as the agency's code.")
    })
}

fn period(
    project: &Project,
    connector: &Connector,
    placed: &Placed<'_>,
    now: DateTime<Utc>,
) -> Result<PeriodCode> {
    match &connector.period {
        PeriodRule::Is(code) => Ok(code.clone()),
        PeriodRule::Path => {
            let read: std::result::Result<PeriodCode, _> =
                placed.period.unwrap_or_default().parse();
            read.map_err(|error: calendar::CalendarError| {
                invalid(error.to_string(), "Name the folder as the period.")
            })
        }
        PeriodRule::Calendar(kind, which) => by_calendar(project, *kind, *which, now),
    }
}

fn by_calendar(
    project: &Project,
    kind: PeriodKind,
    which: WhichPeriod,
    now: DateTime<Utc>,
) -> Result<PeriodCode> {
    let day = calendar::civil_day(now);
    let found = match which {
        WhichPeriod::Current => project.calendar.containing(kind, day),
        WhichPeriod::Previous => project
            .calendar
            .periods()
            .filter(|period| period.code.kind() == kind && period.end_on < day)
            .max_by_key(|period| period.end_on),
    };
    found.map(|period| period.code.clone()).ok_or_else(|| {
        let message = format!(
            "the calendar has no period of kind `{}` for the day {day}",
            kind.as_str()
        );
        ServiceError::new(ErrorKind::Unavailable, message)
            .hint("Add it to `warehouse/codes/periods.csv`.")
    })
}

/// How the body is written: as declared, else as its name or the other system says, else as its
/// adapter reads.
fn body_type(project: &Project, connector: &Connector, piece: &Piece) -> Result<BodyType> {
    let declared = connector.body.iter();
    let format = connector.body.get("format");
    let format = format.and_then(|ending| {
        let mut all = BodyFormat::ALL.into_iter();
        all.find(|format| format.ending() == ending)
    });
    let format = own_format(&connector.source).or(format);
    let by_name = BodyType::from_file_name(&piece.name);
    let adapter = connector.body.get(BodyType::ADAPTER);
    let by_adapter = adapter.and_then(|name| project.adapters.get(name));
    let by_adapter = by_adapter.map(|adapter| match adapter.format {
        AdapterFormat::Json => BodyFormat::Json,
        AdapterFormat::Xml => BodyFormat::Xml,
        AdapterFormat::Ndjson => BodyFormat::Ndjson,
        AdapterFormat::Csv => BodyFormat::Csv,
    });
    let packed = by_name
        .as_ref()
        .and_then(|by_name| by_name.get(BodyType::COMPRESSION));
    let packed = packed.map(str::to_owned);
    let found = match format {
        Some(format) => Some(BodyType::from(format)),
        None => by_name
            .or_else(|| BodyType::from_media_type(&piece.content_type))
            .or_else(|| by_adapter.map(BodyType::from)),
    };
    let Some(mut found) = found else {
        let endings = BodyFormat::ALL.map(BodyFormat::ending).join("`, `.");
        let message = format!("`{}` has no known format", piece.name);
        return Err(invalid(message, format!("Name it `.{endings}`.")));
    };
    if let Some(packed) = packed {
        found.declare(BodyType::COMPRESSION, packed);
    }
    for (name, value) in declared.filter(|(name, _)| *name != "format") {
        found.declare(name, value);
    }
    Ok(found)
}

/// What a source always gives, whatever its pieces are called.
fn own_format(source: &SourceKind) -> Option<BodyFormat> {
    match source {
        SourceKind::Folder(_) | SourceKind::Objects(_) | SourceKind::Sftp(_) => None,
        SourceKind::Http(_) => Some(BodyFormat::Json),
        SourceKind::Sql(_) => Some(BodyFormat::Ndjson),
    }
}

/// The SHA-256 of a body in hex.
pub(super) fn sha256(body: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    std::io::copy(&mut std::fs::File::open(body)?, &mut Hashing(&mut hash))?;
    Ok(hex::encode(hash.finalize()))
}

struct Hashing<'h>(&'h mut Sha256);

impl std::io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the keys of a piece begin with: the same for the same bytes under the same name, and from a
/// source that is read by marks, at the same mark.
pub(super) fn stem(connector: &str, piece: &Piece, sha256: &str, with_mark: bool) -> String {
    let mark = if with_mark { piece.mark.0.as_str() } else { "" };
    let mut hash = Sha256::new();
    for part in [piece.name.as_str(), mark, sha256] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash = hex::encode(hash.finalize());
    format!("connector:{connector}:{}:", &hash[..32])
}

/// Completes a request with its key, and with what it does to the submission before it.
///
/// What was in hand when the last run broke off is the same request again, whatever day it is by
/// now. Else the same bytes for the same period are the same submission as long as that one counts;
/// when it was refused, withdrawn or replaced, they are another one.
pub(super) async fn keyed(
    handles: &Handles,
    connector: &Connector,
    request: SubmitRequest,
    stem: &str,
    in_hand: Option<&str>,
) -> Result<SubmitRequest> {
    if let Some(key) = in_hand.filter(|key| key.starts_with(stem))
        && let Some(found) = of_key(handles, &request, key).await?
    {
        return Ok(again(request, found));
    }
    let first = format!("{stem}{}", request.period);
    let mut key = first.clone();
    while let Some(found) = of_key(handles, &request, &key).await? {
        let counts = match found.state {
            SubmissionState::Durable => true,
            SubmissionState::Committed => found.ended.is_none() && found.format == request.format,
            SubmissionState::Refused => false,
        };
        if counts {
            return Ok(again(request, found));
        }
        key = format!("{first}:{}", found.receipt.id);
    }
    let relation = relation(handles, connector, &request).await?;
    Ok(SubmitRequest {
        key: Some(key),
        relation,
        ..request
    })
}

async fn of_key(
    handles: &Handles,
    request: &SubmitRequest,
    key: &str,
) -> Result<Option<Submission>> {
    let Some(agency) = &request.agency else {
        return Ok(None);
    };
    let found = handles
        .books
        .submission_of_key(agency, &request.dataset, key)
        .await;
    found.map_err(failure::books)
}

/// The request that became that submission.
fn again(request: SubmitRequest, found: Submission) -> SubmitRequest {
    let superseded = found.receipt.supersedes;
    SubmitRequest {
        period: found.receipt.period,
        format: found.format,
        key: found.key,
        relation: superseded.map(|superseded| superseded.relation),
        ..request
    }
}

async fn relation(
    handles: &Handles,
    connector: &Connector,
    request: &SubmitRequest,
) -> Result<Option<Relation>> {
    let relation = match connector.repeated {
        Repeated::New => return Ok(None),
        Repeated::Replaces => Relation::Replaces,
        Repeated::Corrects => Relation::Corrects,
    };
    let Some(agency) = &request.agency else {
        return Ok(None);
    };
    let period = request.period.as_str();
    let standing = handles
        .books
        .standing_submission(
            agency,
            &request.dataset,
            period,
            &principal(&connector.name),
        )
        .await
        .map_err(failure::books)?;
    Ok(standing.map(|standing| relation(standing.receipt.id)))
}

/// The name under which a connector acts.
pub(super) fn principal(connector: &str) -> String {
    format!("connector:{connector}")
}
