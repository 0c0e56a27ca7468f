//! The words of the pages, from `locales/`.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use render::Language;
use unic_langid::LanguageIdentifier;

// Fixed words, read once: not state, because nothing can change them.
static VI: LazyLock<Texts> =
    LazyLock::new(|| Texts::read(Language::Vi, include_str!("../../locales/vi.ftl")));
static EN: LazyLock<Texts> =
    LazyLock::new(|| Texts::read(Language::En, include_str!("../../locales/en.ftl")));

/// The words of the pages in one language.
pub(super) struct Texts {
    pub(super) language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::Vi => &VI,
            Language::En => &EN,
        }
    }

    /// What cannot be read is left out and shows its key; a test holds that nothing is.
    fn read(language: Language, source: &str) -> Self {
        let locale: Option<LanguageIdentifier> = language.as_str().parse().ok();
        let mut bundle = FluentBundle::new_concurrent(locale.into_iter().collect());
        // The marks around values are for mixed writing directions; there are none here, and they
        // would stand in what people copy.
        bundle.set_use_isolating(false);
        let resource = FluentResource::try_new(source.to_owned());
        let resource = resource.unwrap_or_else(|(readable, _)| readable);
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(
                language = language.as_str(),
                ?errors,
                "page texts stand twice"
            );
        }
        Self { language, bundle }
    }

    /// Whether the language has the text.
    #[cfg(test)]
    pub(super) fn has(&self, key: &str) -> bool {
        self.bundle
            .get_message(key)
            .is_some_and(|message| message.value().is_some())
    }

    pub(super) fn say(&self, key: &str) -> String {
        self.write(key, None)
    }

    pub(super) fn say_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let values = values.iter().map(|(name, text)| (*name, value(text)));
        let values: FluentArgs<'_> = values.collect();
        self.write(key, Some(&values))
    }

    fn write(&self, key: &str, values: Option<&FluentArgs<'_>>) -> String {
        let message = self.bundle.get_message(key);
        let Some(pattern) = message.and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let mut errors = Vec::new();
        self.bundle
            .format_pattern(pattern, values, &mut errors)
            .into_owned()
    }
}

/// A whole number chooses between forms such as one file and two files; what was formatted already
/// is text.
fn value(text: &str) -> FluentValue<'_> {
    let number = text.parse::<u32>().ok();
    number.map_or_else(|| FluentValue::from(text), FluentValue::from)
}
