//! Submissions and uploads as requests.

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use service::{
    Ack, BodyType, ByteStream, Checksum, SubmitRequest, UploadId, UploadPart, UploadRequest,
};

use super::wire::Ask;

/// The parameters and headers that say what is submitted.
pub(super) fn submission(mut ask: Ask, request: &SubmitRequest) -> Ask {
    ask = ask
        .param("period", request.period.as_str())
        .param("dry_run", request.dry_run.to_string());
    if request.restatement {
        ask = ask.param("restatement", "true");
    }
    if let Some(agency) = &request.agency {
        ask = ask.param("agency", agency.as_str());
    }
    if let Some(key) = &request.key {
        ask = ask.header("idempotency-key", key);
    }
    if let Some(relation) = request.relation {
        ask = ask.param(relation.as_str(), relation.target().to_string());
    }
    if !request.control_totals.is_empty() {
        let totals = request.control_totals.iter();
        let totals: Vec<String> = totals.map(|(n, total)| format!("{n}:{total}")).collect();
        ask = ask.param("control_totals", totals.join(","));
    }
    if request.ack == Ack::Durable {
        ask = ask.param("ack", "durable");
    }
    for name in BodyType::NAMES {
        if let Some(value) = request.format.get(name) {
            ask = ask.param(name, value);
        }
    }
    ask
}

/// The beginning of an upload. What it is submitted as stands in the query string, so that
/// `Upload-Metadata` goes as it was given; what that says must agree.
pub(super) fn begin(request: &UploadRequest) -> Ask {
    let submit = &request.submit;
    let ask = spoken(Ask::post(&["uploads"]))
        .header("upload-length", &request.length.to_string())
        .param("dataset", submit.dataset.as_str())
        .param("content_type", submit.format.format.media_type());
    let ask = if request.metadata.is_empty() {
        ask
    } else {
        ask.header("upload-metadata", &request.metadata)
    };
    submission(ask, submit)
}

/// A part of an upload.
pub(super) fn part(id: UploadId, part: UploadPart, body: ByteStream) -> Ask {
    let mut ask = of(Method::PATCH, id).header("upload-offset", &part.offset.to_string());
    if let Some(checksum) = part.checksum {
        let told = match checksum {
            Checksum::Sha1(hash) => format!("sha1 {}", STANDARD.encode(hash)),
            Checksum::Sha256(hash) => format!("sha256 {}", STANDARD.encode(hash)),
        };
        ask = ask.header("upload-checksum", &told);
    }
    ask.body("application/offset+octet-stream", body)
}

/// Something else about an upload.
pub(super) fn of(method: Method, id: UploadId) -> Ask {
    spoken(Ask::to(method, &["uploads", &id.to_string()]))
}

fn spoken(ask: Ask) -> Ask {
    ask.header("tus-resumable", "1.0.0")
}
