//! Styles of cells, as far as they tell a day from a number.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::super::look::Look;
use super::super::xml::{Xml, attributes};
use crate::IngestError;

/// The look of every style that a cell may name, in order.
pub(super) fn looks(mut xml: Xml<'_>) -> Result<Vec<Look>, IngestError> {
    let mut own = HashMap::new();
    let mut looks = Vec::new();
    let mut in_cells = false;
    loop {
        match xml.next()? {
            Event::Start(start) => match start.local_name().into_inner() {
                "cellXfs" => in_cells = true,
                "numFmt" => {
                    let (mut number, mut look) = (None, Look::Number);
                    attributes(&start, |key, value| match key {
                        "numFmtId" => number = value.parse::<u32>().ok(),
                        "formatCode" => look = Look::of_code(&value),
                        _ => {}
                    })?;
                    if let Some(number) = number {
                        own.insert(number, look);
                    }
                }
                "xf" if in_cells => {
                    let mut number = 0;
                    attributes(&start, |key, value| {
                        if key == "numFmtId" {
                            number = value.parse().unwrap_or_default();
                        }
                    })?;
                    let look = own.get(&number).copied().or(Look::built_in(number));
                    looks.push(look.unwrap_or_default());
                }
                _ => {}
            },
            Event::End(end) if end.local_name().into_inner() == "cellXfs" => in_cells = false,
            Event::Eof => return Ok(looks),
            _ => {}
        }
    }
}
