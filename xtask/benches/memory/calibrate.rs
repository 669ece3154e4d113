//! Whether a search knows when it has no answer: a logistic model over what a search says of itself, fitted on all
//! conversations but one and tried on that one.

use crate::Res;
use keep_memory::index::Signs;

/// A question put to a conversation, and what the search made of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) conversation: usize,
    pub(crate) signs: Signs,
    /// What the search makes of it now.
    pub(crate) confidence: f32,
    pub(crate) sort: Sort,
}

/// What sort of question it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// The conversation answers it.
    Answered,
    /// It asks of one participant what another said.
    Twisted,
    /// It was asked of another conversation.
    Foreign,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Calibration {
    /// How often an answered question is given more than a twisted one, by the model that did not see either.
    pub(crate) twisted_auc: f64,
    /// How often more than one of another conversation.
    pub(crate) foreign_auc: f64,
    /// The shares of twisted and foreign ones below the number that one answered question in twenty is below.
    pub(crate) caught: [f64; 2],
    /// That number.
    pub(crate) threshold: f64,
    /// The model that all conversations give.
    pub(crate) model: Model,
}

/// The shares of each sign, and the base last.
pub(crate) type Model = [f64; Signs::COUNT + 1];

/// Fits and tries.
pub(crate) fn calibrate(cases: &[Case]) -> Res<Calibration> {
    let conversations = cases.iter().map(|case| case.conversation).max().ok_or("no questions")? + 1;
    let mut scored = Vec::new();
    for left_out in 0..conversations {
        let model = fit(cases.iter().filter(|case| case.conversation != left_out));
        let own = cases.iter().filter(|case| case.conversation == left_out);
        scored.extend(own.map(|case| (case.sort, said(&model, &case.signs))));
    }
    Ok(judged(&scored, fit(cases.iter())))
}

/// How the confidence that the search gives now does.
pub(crate) fn as_it_is(cases: &[Case]) -> Calibration {
    let scored: Vec<_> = cases.iter().map(|case| (case.sort, f64::from(case.confidence))).collect();
    judged(&scored, Model::default())
}

/// The shares of each sort of question for which the confidence that the search gives now is below a number.
pub(crate) fn below(cases: &[Case], number: f32) -> [f64; 3] {
    [Sort::Answered, Sort::Twisted, Sort::Foreign].map(|sort| {
        let those: Vec<&Case> = cases.iter().filter(|case| case.sort == sort).collect();
        let below = those.iter().filter(|case| case.confidence < number).count();
        below as f64 / those.len().max(1) as f64
    })
}

fn judged(scored: &[(Sort, f64)], model: Model) -> Calibration {
    let of = |sort: Sort| -> Vec<f64> {
        let mut those: Vec<f64> =
            scored.iter().filter(|(other, _)| *other == sort).map(|(_, said)| *said).collect();
        those.sort_unstable_by(f64::total_cmp);
        those
    };
    let [answered, twisted, foreign] = [Sort::Answered, Sort::Twisted, Sort::Foreign].map(of);
    let threshold = answered.get(answered.len() / 20).copied().unwrap_or_default();
    let below =
        |those: &[f64]| those.partition_point(|said| *said < threshold) as f64 / those.len().max(1) as f64;
    Calibration {
        twisted_auc: auc(&answered, &twisted),
        foreign_auc: auc(&answered, &foreign),
        caught: [below(&twisted), below(&foreign)],
        threshold,
        model,
    }
}

/// How often one of the first is greater than one of the second; both are sorted.
fn auc(first: &[f64], second: &[f64]) -> f64 {
    let sum: f64 = first
        .iter()
        .map(|one| {
            let below = second.partition_point(|other| other < one);
            let up_to = second.partition_point(|other| other <= one);
            (below + up_to) as f64 / 2.0
        })
        .sum();
    sum / (first.len() * second.len()).max(1) as f64
}

fn said(model: &Model, signs: &Signs) -> f64 {
    let sum: f64 = model.iter().zip(signs.numbers()).map(|(share, sign)| share * f64::from(sign)).sum();
    1.0 / (1.0 + (-(sum + model[Signs::COUNT])).exp())
}

/// Descends to the likeliest model, each sort of question counting as much as the others, and large shares a
/// little against it.
fn fit<'c>(cases: impl Iterator<Item = &'c Case>) -> Model {
    let cases: Vec<&Case> = cases.collect();
    let count = |sort: Sort| cases.iter().filter(|case| case.sort == sort).count().max(1) as f64;
    let [answered, twisted, foreign] = [Sort::Answered, Sort::Twisted, Sort::Foreign].map(count);
    let mut model = Model::default();
    for _ in 0..3_000 {
        let mut slope = Model::default();
        for case in &cases {
            let (truth, weight) = match case.sort {
                Sort::Answered => (1.0, 0.5 / answered),
                Sort::Twisted => (0.0, 0.25 / twisted),
                Sort::Foreign => (0.0, 0.25 / foreign),
            };
            let error = weight * (said(&model, &case.signs) - truth);
            let numbers = case.signs.numbers().map(f64::from);
            slope.iter_mut().zip(numbers.into_iter().chain([1.0])).for_each(|(slope, x)| *slope += error * x);
        }
        for (share, slope) in model.iter_mut().zip(slope) {
            *share -= 4.0 * (slope + 2e-4 * *share);
        }
    }
    model
}
