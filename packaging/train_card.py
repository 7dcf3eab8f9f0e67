"""The card of a trained network, in Markdown."""

from train_augment import Augmentation
from train_data import PARTS
from train_measure import CHECKED, PEN, Measured
from train_networks import Recipe

from cnn_explorer.core.kernel_layers import Conv2d
from cnn_explorer.core.layer import Layer, Size
from cnn_explorer.core.layers import MaxPool2d
from cnn_explorer.core.network import Network


def card(name: str, recipe: Recipe, network: Network, figures: Measured, error: float) -> str:
    """Say what a network is, what it was trained with and how, and how well it reads.

    Parameters
    ----------
    name
        Of the network.
    recipe
        How it was trained.
    network
        With its weights.
    figures
        What was measured of it.
    error
        Largest difference between logits of PyTorch and of the program.

    Returns
    -------
    str
        Markdown.
    """
    again = f"make train DATA=FOLDER ARGS='--only {name} --seed {network.seed}'"
    return "\n\n".join(
        [
            f"# {name}",
            "Reads a digit of 28×28 values from 0 (ground) to 1 (ink), which are not normalised.",
            _layers(network),
            _accuracy(network, figures, error),
            _refusals(recipe, figures),
            _training(recipe),
            f"`{again}` trains it anew.\n",
        ]
    )


def _layers(network: Network) -> str:
    rows = ["| layer | maps | parameters |", "| --- | --- | ---: |"]
    for layer, label, size in zip(network.layers, network.names, network.sizes[1:], strict=True):
        shape = "×".join(map(str, (layer.out_channels, *size)))
        rows.append(f"| {label}{_details(layer)} | {shape} | {sum(layer.parameters):,} |")
    rows.append(f"| together | | {_parameters(network):,} |")
    return "\n".join(rows)


def _details(layer: Layer) -> str:
    if type(layer) is Conv2d:
        groups = f" in {layer.groups} groups" if layer.groups > 1 else ""
        return f", {_by(layer.kernel_size)}{groups}, same padding, ReLU"
    return f", {_by(layer.kernel_size)}" if isinstance(layer, MaxPool2d) else ""


def _by(size: Size) -> str:
    return f"{size[0]}×{size[1]}"


def _parameters(network: Network) -> int:
    return sum(sum(layer.parameters) for layer in network.layers)


def _accuracy(network: Network, figures: Measured, error: float) -> str:
    first, end = PARTS["validation"]
    return (
        f"**Accuracy: {figures.accuracy:.2%}** of {end - first:,} validation digits, with "
        f"{_parameters(network):,} parameters; {figures.kept_accuracy:.2%} of those that it does "
        f"not refuse to read. Thinned to their middle lines and drawn again with a round pen of "
        f"{PEN} pixels, {figures.drawn_accuracy:.2%} of the same digits. For {CHECKED} of them the "
        f"program's logits differ from PyTorch's by {error:.1g} at most."
    )


def _refusals(recipe: Recipe, figures: Measured) -> str:
    first, end = PARTS["calibration"]
    shares = ", ".join(f"{kind} {share:.0%}" for kind, share in figures.outliers.items())
    return (
        f"**No digit:** logits are divided by {figures.temperature:.3f}, which makes the "
        f"log-likelihood of {end - first:,} calibration digits largest. A largest probability of "
        f"less than {figures.threshold:.3f} is refused as no digit; {recipe.refused:.0%} of the "
        f"calibration digits have less, as they are and drawn again. Of the validation digits "
        f"{figures.refused:.1%} are refused ({figures.drawn_refused:.1%} of them drawn again). Of "
        f"shapes that are no digits, others than those of the training, are refused: {shares}."
    )


def _training(recipe: Recipe) -> str:
    varied = Augmentation()
    parts = ", ".join(f"{name} {first:,} to {end - 1:,}" for name, (first, end) in PARTS.items())
    least, most = varied.scale
    settled = (
        f" At the end {recipe.settling} times more at a quarter of the rate, with about half of "
        f"the variation."
        if recipe.settling
        else ""
    )
    normed = (
        " In training, batch normalisation followed each convolution; it is now part of the "
        "kernels and biases."
        if recipe.normalised
        else ""
    )
    held = (
        f" Squared differences from there cost {recipe.hold:g} each, so that they stay shapes that "
        f"a person can read."
        if recipe.hold
        else ""
    )
    return (
        f"**Training:** MNIST's 60,000 training images (Y. LeCun, C. Cortes and C. J. C. Burges, "
        f"CC BY-SA 3.0), counted from 0: {parts}. {recipe.epochs} times through the training part, "
        f"with AdamW (rate up to {recipe.rate:g}, weight decay {recipe.decay:g}) and a moving "
        f"average of the weights.{settled} Each digit is shifted by up to {varied.shift:g} "
        f"pixels, turned by up to {varied.rotation:g}°, scaled by {least:g} to {most:g}, "
        f"stretched, sheared and "
        f"bent. Half of them are as they were written, thicker or thinner; the others are thinned "
        f"and drawn again with a pen of {varied.pen[0]:g} to {varied.pen[1]:g} pixels. For every "
        f"four digits there is one shape that is no digit, for which ten equal probabilities are "
        f"wanted (outlier exposure, arXiv:1812.04606, weight {recipe.outliers:g}). Kernels "
        f"begin at random, those of the first layer as shapes of the program's bank.{held}{normed}"
    )
