"""The table of data sets. Imports neither TensorFlow nor TFDS, so `--help` can list them at once."""

import dataclasses
import difflib


@dataclasses.dataclass(frozen=True)
class DatasetEntry:
    """One data set.

    Attributes:
      summary: one line for people.
      builder: `module:Class` of the TFDS builder; empty: TFDS's own builder of this name.
      folder: the data set's sub-folder of the manual folder; empty: its name.
      files: raw files in that folder; each may also be there with `.gz` appended.
      domain: what `DataConfig.domain` means where it is empty.
      num_levels: raw values are 0 to num_levels - 1; 0: they are as models see them, real or tokens.
      num_validation: examples at the end of `train` held out as `validation`; 0 where the builder has such a split.
      test_split: the builder's split that is `test` here.
      is_large: it does not fit into memory: it is read from disk, example by example.
      source: where the raw files are to be had, for those that TFDS's own builder cannot download.
    """

    summary: str
    builder: str = ""
    folder: str = ""
    files: tuple[str, ...] = ()
    domain: str = "unit"
    num_levels: int = 256
    num_validation: int = 0
    test_split: str = "test"
    is_large: bool = False
    source: str = ""


_BUILDERS = "tfdgm.data.builders"
_MNIST_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

_SST2_HELD_OUT = ("stsa.binary.dev", "stsa.binary.test")

DATASETS: dict[str, DatasetEntry] = {
    "digits": DatasetEntry(
        summary="scikit-learn's 8x8 handwritten digits, 17 grey levels, 1,297/250/250; embedded, needs no download",
        builder=f"{_BUILDERS}.digits:Digits",
        num_levels=17,
    ),
    # 50,000/10,000 is the cut of Larochelle & Murray's binarized MNIST, and of most papers since.
    "mnist": DatasetEntry(
        summary="MNIST handwritten digits, 28x28 grey, 50,000/10,000/10,000",
        files=_MNIST_FILES,
        num_validation=10_000,
    ),
    "fashion_mnist": DatasetEntry(
        summary="Fashion-MNIST clothing, 28x28 grey, 50,000/10,000/10,000",
        files=_MNIST_FILES,
        num_validation=10_000,
    ),
    "binarized_mnist": DatasetEntry(
        summary="MNIST with the fixed binarization of Salakhutdinov & Murray, 28x28, 50,000/10,000/10,000, no labels",
        files=("binarized_mnist_train.amat", "binarized_mnist_valid.amat", "binarized_mnist_test.amat"),
        domain="binary",
        num_levels=2,
    ),
    "cifar10": DatasetEntry(
        summary="CIFAR-10, 32x32 colour, 45,000/5,000/10,000",
        files=("cifar-10-binary.tar.gz",),
        num_validation=5_000,
    ),
    "cifar10_jpeg": DatasetEntry(
        summary="CIFAR-10 as lossy JPEG, 32x32 colour, 45,000/5,000/10,000; not for likelihoods",
        builder=f"{_BUILDERS}.cifar10:Cifar10Jpeg",
        files=("cifar10_jpeg_q75.tar.gz",),
        num_validation=5_000,
    ),
    "cifar10_subset": DatasetEntry(
        summary="the first 4,000 training images of CIFAR-10, exact, 32x32 colour, 3,200/400/400",
        builder=f"{_BUILDERS}.cifar10:Cifar10Subset",
        files=("data_batch_1_first4000.bin.gz",),
    ),
    "omniglot_small": DatasetEntry(
        summary="Omniglot's small background sets at 28x28 grey, 3,872/484/484; not the chardata of Burda et al.",
        builder=f"{_BUILDERS}.omniglot:OmniglotSmall",
        folder="omniglot",
        files=("images_background_small1.zip", "images_background_small2.zip"),
    ),
    "caltech101_silhouettes": DatasetEntry(
        summary="Caltech 101 silhouettes, 28x28 binary, 4,100/2,264/2,307; not the published split",
        builder=f"{_BUILDERS}.matlab:Caltech101Silhouettes",
        files=("caltech101_silhouettes_28.mat",),
        domain="binary",
        num_levels=2,
    ),
    "frey_faces": DatasetEntry(
        summary="Frey's face, frames of a video, 28x20 grey, 1,565/200/200, no labels",
        builder=f"{_BUILDERS}.matlab:FreyFaces",
        files=("frey_rawface.mat",),
    ),
    "olivetti_faces": DatasetEntry(
        summary="Olivetti faces of 40 people, 64x64 grey, 320/40/40",
        builder=f"{_BUILDERS}.matlab:OlivettiFaces",
        files=("olivettifaces.mat",),
    ),
    "tiny_imagenet_10": DatasetEntry(
        summary="ten classes of Tiny ImageNet, 64x64 colour, 4,500/500/500",
        builder=f"{_BUILDERS}.tiny_imagenet:TinyImagenet10",
        files=("tiny_imagenet_10.tar.gz",),
    ),
    # Labels of its test images are not public: `test` is what ILSVRC calls validation, as in most papers.
    "imagenet2012": DatasetEntry(
        summary="ImageNet of ILSVRC 2012, colour, of any size that is asked for, 1,231,167/50,000/50,000",
        files=("ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"),
        num_validation=50_000,
        test_split="validation",
        is_large=True,
        source="https://image-net.org/download-images, after registration",
    ),
    "patterns": DatasetEntry(
        summary="16 patterns, one lit pixel of 4x4 each, no labels, 16/16/16: every split is all of them; embedded",
        builder=f"{_BUILDERS}.patterns:Patterns",
        domain="binary",
        num_levels=2,
    ),
    "mixture8": DatasetEntry(
        summary="points of 8 Gaussians on a ring, labelled by component, 100,000/10,000/10,000; embedded",
        builder=f"{_BUILDERS}.mixtures:Mixture8",
        domain="real",
        num_levels=0,
    ),
    "mixture25": DatasetEntry(
        summary="points of 25 Gaussians on a grid, labelled by component, 100,000/10,000/10,000; embedded",
        builder=f"{_BUILDERS}.mixtures:Mixture25",
        domain="real",
        num_levels=0,
    ),
    "bsds300": DatasetEntry(
        summary="8x8 grey patches of BSDS300's natural images, 63 real values, no labels, 1,000,000/50,000/250,000",
        builder=f"{_BUILDERS}.bsds300:Bsds300",
        files=("BSDS300-images.tar.gz",),
        domain="real",
        num_levels=0,
    ),
    "sst2": DatasetEntry(
        summary="sentences of film reviews, polarity, SST-2, 6,920/872/1,821",
        builder=f"{_BUILDERS}.sentences:Sst2",
        files=("stsa.binary.train", *_SST2_HELD_OUT),
        domain="tokens",
        num_levels=0,
    ),
    "sst2_phrases": DatasetEntry(
        summary="SST-2 with every phrase of its training trees, 76,961/872/1,821",
        builder=f"{_BUILDERS}.sentences:Sst2Phrases",
        folder="sst2",
        files=("stsa.binary.phrases.train", *_SST2_HELD_OUT),
        domain="tokens",
        num_levels=0,
    ),
    "mr": DatasetEntry(
        summary="sentences of film reviews, polarity, MR, 8,530/1,066/1,066; one split, not the published ten",
        builder=f"{_BUILDERS}.sentences:MovieReviews",
        files=("rt-polarity.neg", "rt-polarity.pos"),
        domain="tokens",
        num_levels=0,
    ),
    "cr": DatasetEntry(
        summary="sentences of product reviews, polarity, CR, 3,017/377/377; one split, not the published ten",
        builder=f"{_BUILDERS}.sentences:CustomerReviews",
        files=("custrev.neg", "custrev.pos"),
        domain="tokens",
        num_levels=0,
    ),
    "wnut17": DatasetEntry(
        summary="sentences of tweets and comments, an entity tag a word, WNUT-17, 3,394/1,009/1,287",
        builder=f"{_BUILDERS}.wnut17:Wnut17",
        files=("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"),
        domain="tokens",
        num_levels=0,
    ),
    "folder": DatasetEntry(
        summary="a folder of your own images, data.path, of any size, grey or colour; sub-folders are classes",
    ),
}


def list_datasets() -> dict[str, str]:
    """One line about each data set, by the name that `DataConfig.name` takes."""
    return {name: entry.summary for name, entry in DATASETS.items()}


def find_dataset(name: str) -> DatasetEntry:
    """The entry of a data set.

    Raises:
      ValueError: there is no such data set; the message names the nearest.
    """
    if name in DATASETS:
        return DATASETS[name]
    nearest = difflib.get_close_matches(name, DATASETS, n=1)
    hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    raise ValueError(f"data.name is {name!r}{hint}; it must be one of {', '.join(sorted(DATASETS))}")
