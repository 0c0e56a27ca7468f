//! Many streams at once: a task for each, so that every core encodes.

use deltalake::datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt as _;
use tokio::task::JoinSet;

use super::{StagedFile, StagedWriter, WriteSettings};
use crate::error::{LakeError, Result};
use crate::table::Table;

impl Table {
    /// Writes each stream by a task of its own and gives the files of all. When the call is
    /// dropped, the tasks end; what they had written is invisible and stays for maintenance.
    ///
    /// # Errors
    /// The first error of a stream or of the store; then everything written has been deleted, as
    /// far as the store lets us.
    pub async fn stage_streams(
        &self,
        settings: &WriteSettings,
        streams: Vec<SendableRecordBatchStream>,
    ) -> Result<Vec<StagedFile>> {
        let mut tasks = JoinSet::new();
        for stream in streams {
            tasks.spawn(drain(self.stage(settings)?, stream));
        }
        let mut files = Vec::new();
        let mut failure = None;
        while let Some(joined) = tasks.join_next().await {
            match joined {
                Ok(Ok(written)) => files.extend(written),
                Ok(Err(error)) => failure = failure.or(Some(error)),
                Err(error) => {
                    failure = failure.or(Some(LakeError::internal("a writer ended", error)));
                }
            }
        }
        match failure {
            None => Ok(files),
            Some(error) => {
                // The reason matters more than the cleaning.
                let _ = self.discard(files).await;
                Err(error)
            }
        }
    }
}

async fn drain(
    mut writer: StagedWriter,
    mut stream: SendableRecordBatchStream,
) -> Result<Vec<StagedFile>> {
    while let Some(batch) = stream.next().await {
        let written = match batch {
            Ok(batch) => writer.write(batch).await,
            Err(error) => Err(LakeError::stream("cannot compute the rows to write", error)),
        };
        if let Err(error) = written {
            // The reason matters more than the cleaning.
            let _ = writer.abort().await;
            return Err(error);
        }
    }
    writer.finish().await
}
