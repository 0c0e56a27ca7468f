//! The encoding that a client asks for by `Accept`.

use super::Encoding;

/// A part of an `Accept` header.
struct Range<'h> {
    kind: &'h str,
    subtype: &'h str,
    /// The weight in thousandths.
    weight: u16,
}

impl Encoding {
    /// The encoding that an `Accept` header prefers; none if it accepts nothing that is written
    /// here. An absent header and `*/*` mean JSON. Among equal weights the first one named wins.
    pub fn negotiate(accept: Option<&str>) -> Option<Self> {
        let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else {
            return Some(Self::Json);
        };
        let ranges: Vec<Range<'_>> = accept.split(',').filter_map(Range::parse).collect();
        let mut best: Option<(u16, Self)> = None;
        for range in ranges.iter().filter(|range| range.weight > 0) {
            let refused =
                |encoding: &Self| ranges.iter().any(|r| r.weight == 0 && r.names(*encoding));
            let meant = Self::ALL
                .into_iter()
                .filter(|e| range.covers(*e))
                .find(|e| !refused(e));
            if let Some(encoding) = meant
                && best.is_none_or(|(weight, _)| range.weight > weight)
            {
                best = Some((range.weight, encoding));
            }
        }
        best.map(|(_, encoding)| encoding)
    }
}

impl<'h> Range<'h> {
    fn parse(text: &'h str) -> Option<Self> {
        let mut parts = text.split(';');
        let (kind, subtype) = parts.next()?.trim().split_once('/')?;
        let weight = parts
            .filter_map(|part| part.trim().split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(Some(1000), |(_, weight)| thousandths(weight.trim()))?;
        Some(Self {
            kind,
            subtype,
            weight,
        })
    }

    /// Whether the range names the encoding's own media type.
    fn names(&self, encoding: Encoding) -> bool {
        let Some((kind, subtype)) = encoding.essence().split_once('/') else {
            return false;
        };
        let other_name = matches!(encoding, Encoding::NdJson)
            && (self.subtype.eq_ignore_ascii_case("ndjson")
                || self.subtype.eq_ignore_ascii_case("jsonl"));
        self.kind.eq_ignore_ascii_case(kind)
            && (self.subtype.eq_ignore_ascii_case(subtype) || other_name)
    }

    fn covers(&self, encoding: Encoding) -> bool {
        let kind = encoding.essence().split('/').next().unwrap_or_default();
        match (self.kind, self.subtype) {
            ("*", "*") => true,
            (given, "*") => given.eq_ignore_ascii_case(kind),
            _ => self.names(encoding),
        }
    }
}

fn thousandths(text: &str) -> Option<u16> {
    let weight: f32 = text.parse().ok()?;
    // In range, so neither sign nor size is lost.
    (0.0..=1.0)
        .contains(&weight)
        .then(|| (weight * 1000.0).round() as u16)
}
