//! OpenDocument (`.ods`): one part holds every sheet, one behind the other.

mod paragraphs;
mod table;

use quick_xml::events::Event;

use super::package::{Package, encrypted};
use super::row::{Glance, Rows};
use super::{MAX_SHEETS, malformed};
use crate::{IngestError, Limits};
use table::Tables;

const MANIFEST: &str = "META-INF/manifest.xml";
const CONTENT: &str = "content.xml";

/// A workbook.
pub(super) struct Workbook {
    package: Package,
    limits: Limits,
}

impl Workbook {
    pub(super) fn open(mut package: Package, limits: &Limits) -> Result<Self, IngestError> {
        if let Some(mut manifest) = package.part(MANIFEST)? {
            loop {
                match manifest.next()? {
                    Event::Start(start) if start.name().0.ends_with("encryption-data") => {
                        return Err(encrypted());
                    }
                    Event::Eof => break,
                    _ => {}
                }
            }
        }
        Ok(Self {
            package,
            limits: *limits,
        })
    }

    fn tables(&mut self) -> Result<Tables<'_>, IngestError> {
        match self.package.part(CONTENT)? {
            Some(xml) => Ok(Tables::new(xml, &self.limits)),
            None => Err(malformed("the archive holds no workbook")),
        }
    }

    /// Every sheet at a glance.
    pub(super) fn glances(&mut self) -> Result<Vec<Glance>, IngestError> {
        let mut glances = Vec::new();
        let mut tables = self.tables()?;
        while let Some((name, visible)) = tables.next_table()? {
            if glances.len() >= MAX_SHEETS {
                return Err(IngestError::body_limit("sheets", MAX_SHEETS as u64));
            }
            glances.push(Glance::take(&name, visible, &mut tables)?);
            tables.finish_table()?;
        }
        Ok(glances)
    }

    /// The rows of a sheet.
    pub(super) fn rows(&mut self, place: usize) -> Result<Box<dyn Rows + '_>, IngestError> {
        let mut tables = self.tables()?;
        for at in 0..=place {
            if tables.next_table()?.is_none() {
                return Err(malformed("there is no such sheet"));
            }
            if at < place {
                tables.finish_table()?;
            }
        }
        Ok(Box::new(tables))
    }
}
