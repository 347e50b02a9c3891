"""Scores of real data by the figures of samples: the yardstick that generators are held against."""

import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, extractor_training


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string("data", None, "data set of labelled images, such as mnist", flag_values=values)
    flags.DEFINE_string(
        "extractor",
        "",
        "as of trainers.evaluate (default: the classifier of the data, trained once)",
        flag_values=values,
    )
    flags.DEFINE_string(
        "extractor_dir", "", "folder of trained classifiers (else TFDGM_EXTRACTOR_DIR)", flag_values=values
    )
    flags.DEFINE_integer("num_examples", 10_000, "training examples in each score", lower_bound=1, flag_values=values)
    command_line.define_manual_dir(values)
    flags.DEFINE_string(
        "results_dir",
        "",
        "folder that gets reference-scores/<data>.json (default: none is written)",
        flag_values=values,
    )


def _score(values: flags.FlagValues) -> int:
    from tfdgm.data.catalog import find_dataset

    find_dataset(values.data)
    load_tensorflow()
    from tfdgm.configs import DataConfig
    from tfdgm.configs.sample_evaluation import SampleEvaluation
    from tfdgm.data import open_data
    from tfdgm.evaluation import reference_scores
    from tfdgm.evaluation.extractor_files import open_extractor

    data = open_data(DataConfig(name=values.data), manual_dir=values.manual_dir)
    extractor = open_extractor(
        SampleEvaluation(extractor=values.extractor),
        values.data,
        data.spec,
        folder=values.extractor_dir,
        train=extractor_training.trainer(values.manual_dir),
    )
    scores = reference_scores.reference_scores(data, values.data, extractor, num_examples=values.num_examples)
    print(reference_scores.table(scores))
    if values.results_dir:
        print(reference_scores.write_scores(values.results_dir, scores))
    return command_line.SUCCESS


_COMMAND = command_line.Command(
    module="trainers.reference_scores",
    script="tfdgm-reference-scores",
    summary=(
        "What real images score: FID and Inception Score of training examples against the test split, and the "
        "yardstick, the mean FID of training examples that lack one class. A generator's figures are read beside these."
    ),
    usage="--data=NAME [--extractor=EXTRACTOR] [--results_dir=DIR]",
    examples=("--data=digits --num_examples=1000", "--data=mnist --results_dir=results"),
    define=_define,
    run=_score,
    required=("data",),
)

if __name__ == "__main__":
    sys.exit(main())
