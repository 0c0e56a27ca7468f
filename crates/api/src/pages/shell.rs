//! What stands around every page: the language, who is signed in, where one is.

use access::Role;
use render::Language;
use service::{Action, Principal};

use super::texts::Texts;

/// What every template is given.
pub(super) struct Shell {
    texts: &'static Texts,
    /// Who is signed in.
    pub(super) principal: Option<Principal>,
    /// The path of the page.
    pub(super) path: String,
    /// The address of the same page in the other language.
    pub(super) switch: String,
}

/// A place in the navigation.
pub(super) struct Place {
    pub(super) path: &'static str,
    pub(super) label: String,
    /// `page` if it is this page, `true` if this page lies below it.
    pub(super) current: Option<&'static str>,
}

/// Path, name, and the act without which the place has nothing to show.
const PLACES: [(&str, &str, Action); 9] = [
    ("/", "nav-overview", Action::ReadCatalogue),
    ("/datasets", "nav-datasets", Action::ReadCatalogue),
    ("/lineage", "nav-lineage", Action::ReadCatalogue),
    ("/query", "nav-query", Action::Query),
    ("/reports", "nav-reports", Action::ReadReports),
    ("/submissions", "nav-submissions", Action::ReadSubmission),
    ("/connectors", "nav-connectors", Action::ReadRuns),
    ("/quarantine", "nav-quarantine", Action::ReadSubmission),
    ("/runs", "nav-runs", Action::ReadRuns),
];

impl Shell {
    pub(super) fn new(
        texts: &'static Texts,
        principal: Option<Principal>,
        path: String,
        switch: String,
    ) -> Self {
        Self {
            texts,
            principal,
            path,
            switch,
        }
    }

    pub(super) fn language(&self) -> Language {
        self.texts.language
    }

    pub(super) fn other(&self) -> Language {
        match self.texts.language {
            Language::Vi => Language::En,
            Language::En => Language::Vi,
        }
    }

    pub(super) fn say(&self, key: &str) -> String {
        self.texts.say(key)
    }

    pub(super) fn say_with(&self, key: &str, name: &str, value: impl ToString) -> String {
        self.texts.say_with(key, &[(name, &value.to_string())])
    }

    /// Whether the role allows the act at all. It only spares people links to refusals; whether an
    /// act is allowed is decided behind the service.
    pub(super) fn offers(&self, action: Action) -> bool {
        let role = self.principal.as_ref().map(|p| p.role.parse::<Role>());
        role.is_none_or(|role| role.is_ok_and(|role| role.may(action)))
    }

    pub(super) fn places(&self) -> Vec<Place> {
        let place = |(path, key, _): (&'static str, &str, Action)| {
            let below = path != "/"
                && self
                    .path
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.starts_with('/'));
            let current = if self.path == path {
                Some("page")
            } else {
                below.then_some("true")
            };
            Place {
                path,
                label: self.say(key),
                current,
            }
        };
        let offered = PLACES.into_iter().filter(|place| self.offers(place.2));
        offered.map(place).collect()
    }
}
