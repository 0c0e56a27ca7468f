//! The blocks of a body on every core: cut in order, decoded and examined side by side, settled in
//! order again, so that no answer depends on how many work.

use std::io::BufRead;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

use crate::examine::{Examined, Examiner};
use crate::judge::Judge;
use crate::records::{Block, Records};
use crate::rows::Decoded;
use crate::{IngestError, Limits};

/// So many blocks are read before others are asked to help: few rows are not worth a thread.
const ALONE: usize = 2;

/// What is made of a block, whatever stands in the others.
pub(crate) trait Decode: Sync {
    /// The rows as columns.
    fn decode(&self, block: &Block) -> Result<Decoded, IngestError>;

    /// A row of the block as it was received, but for what is masked.
    fn row_text(&self, block: &Block, row: u64, masked: &dyn Fn(&str) -> bool) -> String;
}

/// Judges all records to the end of the body.
pub(crate) fn check(
    mut records: Records<impl BufRead + Send>,
    decoder: &impl Decode,
    limits: &Limits,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    let mut block = Block::default();
    let mut read = 0;
    while read < ALONE || limits.workers < 2 {
        records.fill(&mut block, limits.batch_rows)?;
        if block.len() == 0 {
            return Ok(());
        }
        let decoded = decoder.decode(&block)?;
        let row_text = |row, masked: &dyn Fn(&str) -> bool| decoder.row_text(&block, row, masked);
        judge.decide(decoded, &row_text)?;
        read = (read + 1).min(ALONE);
    }
    check_together(records, decoder, limits, judge)
}

fn check_together(
    records: Records<impl BufRead + Send>,
    decoder: &impl Decode,
    limits: &Limits,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    let examiner = judge.examiner();
    // Bounds what is read ahead: as many blocks as there are workers wait, beside the one that is
    // settled and the one that finds no room.
    let (taken, in_order) = mpsc::sync_channel(limits.workers);
    let source = Mutex::new(Source {
        records,
        rows: limits.batch_rows,
        ended: false,
    });
    let spare = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..limits.workers {
            let bench = Bench {
                source: &source,
                spare: &spare,
                taken: taken.clone(),
                decoder,
                examiner: Arc::clone(&examiner),
            };
            scope.spawn(move || bench.work());
        }
        drop(taken);
        // On an error this ends, and the workers with it: nobody takes what they make.
        for made in in_order {
            let Ok(Made { block, examined }) = made.recv() else {
                // The worker died, and the scope will say so.
                break;
            };
            let row_text =
                |row, masked: &dyn Fn(&str) -> bool| decoder.row_text(&block, row, masked);
            judge.settle(examined?, &row_text)?;
            spare
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(block);
        }
        Ok(())
    })
}

/// Where blocks come from, one worker at a time.
struct Source<R> {
    records: Records<R>,
    rows: usize,
    ended: bool,
}

/// What a worker made of a block.
struct Made {
    block: Block,
    examined: Result<Examined, IngestError>,
}

/// A worker's place.
struct Bench<'s, 'a, R, D> {
    source: &'s Mutex<Source<R>>,
    /// Blocks whose memory is free again.
    spare: &'s Mutex<Vec<Block>>,
    /// The blocks that were taken, in the body's order, each where it will come out.
    taken: SyncSender<Receiver<Made>>,
    decoder: &'s D,
    examiner: Arc<Examiner<'a>>,
}

impl<R: BufRead, D: Decode> Bench<'_, '_, R, D> {
    fn work(&self) {
        while let Some((block, made)) = self.take() {
            let (block, examined) = match block {
                Ok(block) => {
                    let decoded = self.decoder.decode(&block);
                    let examined = decoded.and_then(|decoded| self.examiner.examine(decoded));
                    (block, examined)
                }
                Err(error) => (Block::default(), Err(error)),
            };
            if made.send(Made { block, examined }).is_err() {
                return;
            }
        }
    }

    /// The next block, and where to hand on what becomes of it; none behind the last one, or if
    /// nobody waits for it.
    fn take(&self) -> Option<(Result<Block, IngestError>, Sender<Made>)> {
        let spare = self.spare.lock().ok().and_then(|mut spare| spare.pop());
        let mut block: Block = spare.unwrap_or_default();
        // It is poisoned if another worker died.
        let mut source = self.source.lock().ok()?;
        if source.ended {
            return None;
        }
        let rows = source.rows;
        let filled = source.records.fill(&mut block, rows);
        source.ended = filled.is_err() || block.len() == 0;
        if filled.is_ok() && source.ended {
            return None;
        }
        let (made, coming) = mpsc::channel();
        // Still in turn: this is the order in which blocks are settled, and while there is no room
        // nobody reads ahead.
        self.taken.send(coming).ok()?;
        Some((filled.map(|()| block), made))
    }
}

#[cfg(test)]
mod tests;
