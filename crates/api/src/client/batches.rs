//! A query's answer: an Arrow stream, decoded as it arrives.

use std::collections::{BTreeMap, VecDeque};

use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamDecoder;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, stream};
use project::DatasetName;
use reqwest::Response;
use service::{Batches, ByteStream, QueryAnswer, Result};

use super::wire::{broken, header, stream as byte_stream, unread};
use crate::dto::read_instant;

/// The answer, as soon as its schema has arrived. Dropping it ends the connection, which cancels
/// the query there.
pub(super) async fn answer(answer: Response) -> Result<QueryAnswer> {
    let versions = versions(header(answer.headers(), "dtm-versions")?)?;
    let read_at = read_instant(header(answer.headers(), "dtm-read-at")?)?;
    let mut arriving = Arriving {
        bytes: byte_stream(answer),
        decoder: StreamDecoder::new(),
        ready: VecDeque::new(),
    };
    let schema = loop {
        if let Some(schema) = arriving.decoder.schema() {
            break schema;
        }
        if !arriving.read().await? {
            return Err(unread("it has no schema"));
        }
    };
    Ok(QueryAnswer {
        schema: SchemaRef::clone(&schema),
        batches: batches(arriving),
        versions,
        read_at,
    })
}

fn versions(text: &str) -> Result<BTreeMap<DatasetName, i64>> {
    let versions: BTreeMap<String, i64> =
        serde_json::from_str(text).map_err(|error| unread("its versions").caused_by(error))?;
    let version = |(name, version): (String, i64)| match name.parse() {
        Ok(dataset) => Ok((dataset, version)),
        Err(error) => Err(unread("its versions").caused_by(Box::new(error))),
    };
    versions.into_iter().map(version).collect()
}

struct Arriving {
    bytes: ByteStream,
    decoder: StreamDecoder,
    ready: VecDeque<RecordBatch>,
}

impl Arriving {
    /// Decodes the next chunk; whether there was one.
    async fn read(&mut self) -> Result<bool> {
        let Some(chunk) = self.bytes.next().await.transpose().map_err(broken)? else {
            return Ok(false);
        };
        let mut buffer = Buffer::from(chunk);
        while !buffer.is_empty() {
            let batch = self.decoder.decode(&mut buffer);
            let batch = batch.map_err(|error| unread("its batches").caused_by(error))?;
            self.ready.extend(batch);
        }
        Ok(true)
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            if !self.read().await? {
                return self.decoder.finish().map(|()| None).map_err(broken);
            }
        }
    }
}

fn batches(arriving: Arriving) -> Batches {
    stream::unfold(Some(arriving), |state| async {
        let mut arriving = state?;
        match arriving.next().await {
            Ok(Some(batch)) => Some((Ok(batch), Some(arriving))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}
