//! A JSON API whose records come in pages.

mod credential;
mod exchange;
pub(crate) mod failure;
mod link;
mod page;
mod spec;
#[cfg(test)]
mod tests;
mod walk;

pub use spec::{Auth, Body, HttpSpec, Paging, Retry, Since};

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use url::Url;

use crate::guard::Guard;
use crate::{Mark, Piece, PullError, Result, Secrets, Source, mark, spool};
use exchange::Exchange;
use page::Page;
use walk::{At, Found, Step, Walk};

/// A JSON API that is read page by page; a piece is a page.
///
/// A walk goes from the first page to the last, and the mark says which page comes next, so whoever
/// starts again in the middle gets the same page. At the end of a walk the next one begins, with
/// the greatest watermark that was seen. One that would ask the same again is first made without
/// handing anything on: if it finds what the walk before found, there is nothing new. So an API
/// that is not asked by a watermark is read as a whole, and again when anything in it changed.
///
/// Pieces may come twice, after a lost answer or where an API repeats records of the watermark
/// itself; none is left out.
pub struct HttpSource {
    spec: HttpSpec,
    url: Url,
    exchange: Exchange,
    spool: PathBuf,
}

impl HttpSource {
    /// Prepares to read an API; nothing is asked yet. Pieces are kept in the folder `spool`.
    ///
    /// # Errors
    /// [`PullError::Declared`], also for a secret that cannot be found.
    pub fn open(
        spec: HttpSpec,
        guard: &Guard,
        secrets: &dyn Secrets,
        spool: &Path,
    ) -> Result<Self> {
        spec.check()?;
        let url = guard.url(&spec.url, spec.plain)?;
        let exchange = Exchange::new(&spec, &url, guard, secrets)?;
        Ok(Self {
            spec,
            url,
            exchange,
            spool: spool.to_owned(),
        })
    }

    /// A mark in words: the watermark that was reached, and how many pages were read since. Cursors
    /// and links are left out, for they may hold what is not to be shown.
    pub fn told(mark: &Mark) -> Option<String> {
        let walk: Walk = mark::read(mark).ok()?;
        let since = walk.since.as_ref().map(|since| since.text());
        let pages = (walk.pages > 0).then(|| format!("+ {}", walk.pages));
        let told: Vec<String> = since.into_iter().chain(pages).collect();
        (!told.is_empty()).then(|| told.join(" "))
    }

    /// Whether a walk finds again what the one before it found.
    async fn finds_the_same(&self, walk: &Walk, before: &Found) -> Result<bool> {
        let mut walk = walk.clone();
        loop {
            let (page, place) = self.page(&walk).await?;
            if page.count == 0 {
                return Ok(walk.found(before));
            }
            walk = match walk.after(&self.spec, &page, &place)? {
                Step::Ended(walk) => return Ok(walk.found(before)),
                Step::On(walk) if walk.pages > before.pages => return Ok(false),
                Step::On(walk) => walk,
            };
        }
    }

    /// The next page of the walk, and what people call it.
    async fn page(&self, walk: &Walk) -> Result<(Page, String)> {
        let place = self.place(walk);
        let url = self.address(walk)?;
        let answer = self.exchange.get(&url, &place).await?;
        let page = Page::read(&self.spec, &url, &place, answer)?;
        Ok((page, place))
    }

    /// Without the query, which may be long and may hold what is not to be shown.
    fn place(&self, walk: &Walk) -> String {
        let mut address = self.url.clone();
        address.set_query(None);
        format!("page {} of `{address}`", walk.pages + 1)
    }

    fn address(&self, walk: &Walk) -> Result<Url> {
        if let At::Link(next) = &walk.at {
            let url = self.url.join(next).ok();
            let url = url.filter(|url| link::same_origin(url, &self.url));
            return url.ok_or_else(|| {
                let origin = self.url.origin().ascii_serialization();
                PullError::Mark(format!(
                    "the mark that is kept leads to another server than `{origin}`"
                ))
            });
        }
        let mut url = self.url.clone();
        let mut query = url.query_pairs_mut();
        query.extend_pairs(&self.spec.parameters);
        if let Some((parameter, size)) = &self.spec.page_size {
            query.append_pair(parameter, &size.to_string());
        }
        if let (Some(since), Some(point)) = (&self.spec.since, &walk.since) {
            query.append_pair(&since.parameter, &point.text());
        }
        match (&self.spec.paging, &walk.at) {
            (Paging::Page { parameter, .. }, At::Page(number)) => {
                query.append_pair(parameter, &number.to_string());
            }
            (Paging::Page { parameter, first }, At::Start) => {
                query.append_pair(parameter, &first.to_string());
            }
            (Paging::Offset { parameter }, At::Offset(before)) => {
                query.append_pair(parameter, &before.to_string());
            }
            (Paging::Offset { parameter }, At::Start) => {
                query.append_pair(parameter, "0");
            }
            (Paging::Cursor { parameter, .. }, At::Cursor(cursor)) => {
                query.append_pair(parameter, cursor);
            }
            (_, At::Start) => {}
            _ => {
                return Err(PullError::Mark(
                    "the mark that is kept was made when another kind of paging was declared"
                        .to_owned(),
                ));
            }
        }
        drop(query);
        if url.query() == Some("") {
            url.set_query(None);
        }
        Ok(url)
    }
}

#[async_trait]
impl Source for HttpSource {
    async fn next(&self, mark: Option<&Mark>) -> Result<Option<Piece>> {
        let mut walk = match mark {
            Some(mark) => mark::read(mark)?,
            None => Walk::first(&self.spec),
        };
        // At most the end of one walk and the whole of the next.
        let mut turned = false;
        loop {
            if let Some(before) = walk.before.take()
                && self.finds_the_same(&walk, &before).await?
            {
                return Ok(None);
            }
            let (page, place) = self.page(&walk).await?;
            if let Some(again) = walk.again(&page, &place)? {
                walk = again;
                continue;
            }
            if page.count == 0 {
                if walk.begins() || turned {
                    return Ok(None);
                }
                turned = true;
                walk = walk.ended();
                continue;
            }
            if let Some(doubted) = walk.doubted()
                && !walk.ended_with(&self.page(&doubted).await?.0)
            {
                // It had met its end, and what came since is for the next one.
                walk = walk.ended();
                continue;
            }
            let next = match walk.after(&self.spec, &page, &place)? {
                Step::On(walk) => walk,
                Step::Ended(walk) => walk.ended(),
            };
            let (bytes, content_type) = page.handed_on(self.spec.body);
            let mark = mark::write(&next)?;
            return spool::piece(&self.spool, place, content_type, bytes, mark).map(Some);
        }
    }

    async fn done(&self, _: &Piece) -> Result<()> {
        Ok(())
    }
}
