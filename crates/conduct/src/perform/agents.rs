//! Who acts when the house runs a connector, or what is due: a principal of its own, with the least that it needs,
//! which only this process knows and only as long as the act lasts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use access::{SecretKind, hash, mint};
use service::{Call, Credential, Door, Principal};

use super::Gate;
use crate::handles::Handles;

/// The principals of connectors that run now, by the hash of what they show.
#[derive(Default)]
pub(crate) struct Agents(Mutex<HashMap<String, Principal>>);

impl Agents {
    /// The principal that shows a secret of that hash.
    pub(crate) fn find(&self, hash: &str) -> Option<Principal> {
        self.map().get(hash).cloned()
    }

    fn map(&self) -> std::sync::MutexGuard<'_, HashMap<String, Principal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A principal that acts for the house. Dropped, nobody can show its secret any more.
pub(crate) struct Agent {
    handles: Arc<Handles>,
    hash: String,
    /// The call to act with.
    pub(crate) call: Call,
}

impl Gate {
    /// Lets a principal of the house's own act; what it may do is decided as for any other.
    pub(crate) fn agent(&self, principal: Principal) -> Agent {
        let handles = Arc::clone(&self.handles);
        let secret = mint(SecretKind::Token, (handles.given.random)());
        let hash = hash(&secret);
        handles.agents.map().insert(hash.clone(), principal);
        Agent {
            hash,
            call: Call {
                credential: Some(Credential::Token(secret)),
                door: Door::Connector,
                peer: None,
                user_agent: None,
                correlation_id: (handles.given.ids)().to_string(),
            },
            handles,
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.handles.agents.map().remove(&self.hash);
    }
}
