//! How good a ranking is.

/// What was found for many questions, averaged.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quality {
    pub(crate) questions: f64,
    pub(crate) r5: f64,
    pub(crate) r10: f64,
    pub(crate) r20: f64,
    pub(crate) mrr: f64,
    pub(crate) ndcg10: f64,
}

impl Quality {
    /// Adds one question: the places found, best first, and those wanted.
    pub(crate) fn add(&mut self, found: &[usize], wanted: &[usize]) {
        let among = |most: usize| {
            let hits = found.iter().take(most).filter(|at| wanted.contains(at)).count();
            hits as f64 / wanted.len() as f64
        };
        self.questions += 1.0;
        self.r5 += among(5);
        self.r10 += among(10);
        self.r20 += among(20);
        self.mrr += found.iter().position(|at| wanted.contains(at)).map_or(0.0, |at| 1.0 / (at + 1) as f64);
        let gain = |at: usize| 1.0 / (at as f64 + 2.0).log2();
        let got: f64 = (0..found.len().min(10)).filter(|&at| wanted.contains(&found[at])).map(gain).sum();
        let best: f64 = (0..wanted.len().min(10)).map(gain).sum();
        self.ndcg10 += got / best;
    }

    /// The averages.
    pub(crate) fn mean(self) -> Self {
        let count = self.questions.max(1.0);
        Self {
            questions: self.questions,
            r5: self.r5 / count,
            r10: self.r10 / count,
            r20: self.r20 / count,
            mrr: self.mrr / count,
            ndcg10: self.ndcg10 / count,
        }
    }

    /// Two together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            questions: self.questions + other.questions,
            r5: self.r5 + other.r5,
            r10: self.r10 + other.r10,
            r20: self.r20 + other.r20,
            mrr: self.mrr + other.mrr,
            ndcg10: self.ndcg10 + other.ndcg10,
        }
    }
}
