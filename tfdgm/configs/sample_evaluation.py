"""How samples are evaluated: by `trainers.evaluate`, and now and then while training."""

import dataclasses

PIXEL_METRICS = ("ms_ssim", "sliced_wasserstein")
IMAGE_METRICS = (
    "fid", "kid", "inception_score", "precision", "recall", "density", "coverage", "classes_present", *PIXEL_METRICS,
)  # fmt: skip
DIGITS_KID_SUBSET_SIZE = 100  # of the embedded digits' 250 test examples


@dataclasses.dataclass
class SampleEvaluation:
    """Settings of the figures of samples; see `docs/metrics.md`.

    Attributes:
      metrics: figures that `trainers.evaluate` works out where `--metrics` is not given, besides those of single
        examples: see `tfdgm.evaluation.sample_metrics.SAMPLE_METRICS`.
      extractor: what makes features of images: `classifier:<dataset>`, which this package trains once; the folder of a
        run with features; a `.keras` file or SavedModel folder; `inception_v3:<file of weights>`. Empty: the classifier
        of the data set.
      extractor_domain: values that a `.keras` file or SavedModel takes: `unit`, `symmetric` or `uint8`.
      num_samples: samples drawn; figures of fewer are no figures of as many.
      num_neighbours: k of precision, recall, density and coverage.
      kid_subset_size: samples and examples in one estimate of KID.
      num_kid_subsets: estimates of KID.
      num_score_splits: parts of the samples that the Inception Score is worked out of.
      num_projections: directions of the sliced Wasserstein distance.
      wasserstein_order: p of both Wasserstein distances.
      num_assignment_points: samples, and examples, of the exact Wasserstein distance, at most 5,000.
      num_similarity_pairs: pairs of samples of MS-SSIM.
      num_parzen_validation: validation examples that choose the Parzen window's bandwidth.
      parzen_bandwidths: values of sigma to choose from, for pixels in [0, 1]; ten from 0.1 to 1 in equal ratios, as in
        the code of Goodfellow et al. (2014).
    """

    metrics: tuple[str, ...] = ()
    extractor: str = ""
    extractor_domain: str = "unit"
    num_samples: int = 10_000
    num_neighbours: int = 5
    kid_subset_size: int = 1000
    num_kid_subsets: int = 100
    num_score_splits: int = 10
    num_projections: int = 500
    wasserstein_order: float = 1.0
    num_assignment_points: int = 2000
    num_similarity_pairs: int = 1000
    num_parzen_validation: int = 1000
    parzen_bandwidths: tuple[float, ...] = (0.1, 0.129, 0.167, 0.215, 0.278, 0.359, 0.464, 0.599, 0.774, 1.0)
