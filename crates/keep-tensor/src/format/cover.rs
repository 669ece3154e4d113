//! From the tensors that a reader found to regions that cover the file.

use super::stop::{Stop, unfit};
use crate::{Region, RegionKind, TensorInfo};

/// Where one tensor lies.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) len: u64,
    pub(super) info: TensorInfo,
}

/// The region of plain bytes from `start` to `end`, or none when that is empty.
pub(super) fn bytes(start: u64, end: u64) -> Option<Region> {
    (start < end).then(|| Region { start, len: end - start, kind: RegionKind::Bytes })
}

/// Puts the tensors in order and fills what lies between them. A tensor without elements has no bytes
/// and so no region. Tensors that overlap, or reach beyond the file, are not believed, nor is the rest.
pub(super) fn regions(mut spans: Vec<Span>, len: u64) -> Result<Vec<Region>, Stop> {
    spans.retain(|span| span.len > 0);
    spans.sort_by_key(|span| span.start);
    let mut regions = Vec::with_capacity(spans.len());
    let mut at = 0;
    for span in spans {
        if span.start < at {
            return Err(unfit(format!("the tensor {:?} overlaps another or the header", span.info.name)));
        }
        let end = span.start.checked_add(span.len).filter(|end| *end <= len);
        let Some(end) = end else {
            return Err(unfit(format!("the tensor {:?} reaches beyond the end of the file", span.info.name)));
        };
        regions.extend(bytes(at, span.start));
        regions.push(Region { start: span.start, len: span.len, kind: RegionKind::Tensor(span.info) });
        at = end;
    }
    regions.extend(bytes(at, len));
    Ok(regions)
}

/// Bytes of a tensor, or nothing when that is more than can be counted.
pub(super) fn size(shape: &[u64], width: usize) -> Option<u64> {
    // A zero anywhere makes the tensor empty, even beside extents whose product overflows.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(width as u64, |size, extent| size.checked_mul(*extent))
}
