//! Renditions that show figures which are published no more.

use chrono::{DateTime, Utc};
use service::Page;

use crate::codec::{Reader, micros};
use crate::renditions::rendition;
use crate::statement::Statement;
use crate::{Books, RenditionRecord, Result};

/// That a rendition is superseded since a published set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupersessionRecord {
    /// The rendition.
    pub rendition: String,
    /// The sequence of the set that shows other figures.
    pub set: u64,
    /// The run that published it; none if a rollback did.
    pub run: Option<String>,
    /// When it was published.
    pub at: DateTime<Utc>,
}

/// What is known of renditions since a set was published.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// The sequence of the set.
    pub set: u64,
    /// Marks that end: those of later sets than that one, which a rollback showed again, and when.
    pub lifted: Option<(u64, DateTime<Utc>)>,
    /// Marks that begin.
    pub marked: Vec<SupersessionRecord>,
}

impl Books {
    /// The sequence of the set up to which renditions were held against what is published; none
    /// before the first.
    pub async fn judged_set(&self) -> Result<Option<u64>> {
        let statement = Statement::new("select set_sequence from judged_sets where id = 1");
        let row = self.read_one("read what was judged", &statement).await?;
        let reader = row.as_ref().map(|row| self.reader(row));
        reader
            .map(|reader| reader.count("set_sequence"))
            .transpose()
    }

    /// Keeps all of a judgement or nothing of it. Kept again, it changes nothing.
    pub async fn keep_judgement(&self, of: &Judgement) -> Result<()> {
        let mut changes = Vec::new();
        if let Some((since, at)) = of.lifted {
            let lift = Statement::new(include_str!("../sql/lift_supersessions.sql"));
            changes.push(
                lift.number(number(since))
                    .number(micros(at))
                    .number(number(of.set)),
            );
        }
        for mark in &of.marked {
            let add = Statement::new(include_str!("../sql/add_supersession.sql"))
                .text(&mark.rendition)
                .number(number(mark.set))
                .maybe_text(mark.run.as_deref())
                .number(micros(mark.at));
            changes.push(add);
        }
        let keep = Statement::new(include_str!("../sql/keep_judged_set.sql"));
        changes.push(keep.number(number(of.set)));
        let all: Vec<&Statement> = changes.iter().collect();
        self.write_all("mark renditions", &all).await?;
        Ok(())
    }

    /// The first mark of a rendition that stands.
    pub async fn supersession(&self, rendition: &str) -> Result<Option<SupersessionRecord>> {
        let statement = Statement::new(include_str!("../sql/supersession.sql")).text(rendition);
        let row = self.read_one("read the mark", &statement).await?;
        row.map(|row| mark(&self.reader(&row))).transpose()
    }

    /// The marks that stand of sets after the one and before the other.
    pub async fn supersessions_between(
        &self,
        after: u64,
        before: u64,
    ) -> Result<Vec<SupersessionRecord>> {
        let statement = Statement::new(include_str!("../sql/supersessions_between.sql"))
            .number(number(after))
            .number(number(before));
        let rows = self.read("read the marks", &statement).await?;
        rows.iter().map(|row| mark(&self.reader(row))).collect()
    }

    /// Every rendition without a mark, newest first.
    pub async fn standing_renditions(&self) -> Result<Vec<RenditionRecord>> {
        let sql = include_str!("../sql/standing_renditions.sql");
        self.read_renditions(&Statement::new(sql)).await
    }

    /// Those of one report that were rendered then or later, newest first, a thousand at the most.
    pub async fn standing_renditions_of(
        &self,
        report: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<RenditionRecord>> {
        let statement = Statement::new(include_str!("../sql/standing_renditions_of.sql"))
            .text(report)
            .number(micros(since));
        self.read_renditions(&statement).await
    }

    /// The renditions of a report, newest first.
    pub async fn renditions_of(&self, report: &str, page: Page) -> Result<Vec<RenditionRecord>> {
        let statement = Statement::new(include_str!("../sql/renditions_of.sql"))
            .text(report)
            .number(number(page.limit.min(1_000)))
            .number(number(page.offset));
        self.read_renditions(&statement).await
    }

    async fn read_renditions(&self, statement: &Statement) -> Result<Vec<RenditionRecord>> {
        let rows = self.read("read the renditions", statement).await?;
        rows.iter()
            .map(|row| rendition(&self.reader(row)))
            .collect()
    }
}

fn number(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

fn mark(reader: &Reader<'_>) -> Result<SupersessionRecord> {
    Ok(SupersessionRecord {
        rendition: reader.get("rendition")?,
        set: reader.count("set_sequence")?,
        run: reader.get("run")?,
        at: reader.at("marked_at")?,
    })
}
