//! What a rollback tells of itself: that its datasets show older rows again.

use calendar::civil;
use lineage::openlineage::Shown;
use project::DatasetName;
use service::Result;

use super::intent::{self, Intent};
use crate::alone::Alone;
use crate::handles::Handles;
use crate::outbox::{Kept, Numbers, When, put};

/// Keeps an event for each dataset, once its table is restored and before readers see it. A
/// rollback that is cut off then is finished, and tells it again.
pub(super) async fn restored(handles: &Handles, alone: &Alone, intent: &Intent) -> Result<()> {
    if handles.settings.lineage.sink.is_none() {
        return Ok(());
    }
    let key = format!("rollback-{}", intent.number);
    let numbers = Numbers::of_undone(alone.fence(), &key);
    let at = civil(handles.now()).to_rfc3339();
    for name in intent.datasets.keys() {
        let unreadable = |_| intent::unreadable(&intent::path(intent.number));
        let dataset: DatasetName = name.parse().map_err(unreadable)?;
        // What the project has no more, nobody knows by a contract.
        let Ok(contract) = handles.contract(&dataset) else {
            continue;
        };
        let shown = Shown {
            contract: &contract,
            version: Some(handles.table(&dataset).await?.version()),
        };
        let event = handles.settings.lineage.source.restored(shown, &at);
        let kept = Kept {
            run: intent.run.clone(),
            since: intent.number,
            when: When::Begun,
            event,
        };
        put(handles, &numbers.next(), &kept).await?;
    }
    handles.outbox.wake();
    Ok(())
}
