"""`course outline`: list which slide of the lecture stands in which lesson."""

from course_tools.publish import notebooks

LECTURE = {
    "S1": "Supervised and unsupervised; clustering",
    "S2": "Manifold assumption, intrinsic dimension, Isomap",
    "S3": "Latent space: interpolation, extrapolation, analogy",
    "S4": "word2vec",
    "S5": "Discriminative, generative, conditional generative",
    "S6": "Bayes' rule for models",
    "S7": "What each kind of model is good for",
    "S8": "Taxonomy of generative models",
    "S9": "Autoencoder: z = E(x), x̂ = D(z)",
    "S10": "PCA as the simple example; 16 components",
    "S11": "Convolutional autoencoder, 7×7 latent space",
    "S12": "Homotopy in pixel space and in latent space",
    "S13": "Structure of the autoencoder's latent space",
    "S14": "The idea of the VAE",
    "S15": "The ELBO, line by line",
    "S16": "VAE so far; structure of its latent space",
    "S17": "KL divergence of two Gaussians",
    "S18": "Reparametrization trick",
    "S19": "VAE manifold over the epochs",
    "S20": "VAE codes over the epochs",
    "S21": "Conditional VAE: idea and diagram",
    "S22": "cVAE manifold over the epochs, per label",
    "S23": "Transferring style",
    "S24": "cVAE latent space distribution",
    "S25": "Training the discriminator, training the generator",
    "S26": "Optimization process in a GAN",
    "S27": "GAN manifold over the batches",
    "S28": "Conditional GAN",
    "S29": "More combinations: from GAN to VAE/GAN",
    "S30": "VAE/GAN",
}


def places() -> dict[str, list[str]]:
    """Return, for each slide, "02 heading" for every section with a code cell for it.

    Raises:
        SystemExit: where a cell names a slide that the lecture does not have.
    """
    found: dict[str, list[str]] = {slide: [] for slide in LECTURE}
    for lesson in notebooks.find():
        notebook = lesson.read()
        for position, cell in enumerate(notebook.cells):
            for slide in cell.metadata.get("lecture", []):
                if slide not in found:
                    raise SystemExit(
                        f"{lesson.path.name}, cell {position}: the lecture has no slide {slide!r}"
                    )
                place = f"{lesson.number} {notebooks.heading(notebook, position)}"
                if cell.cell_type == "code" and place not in found[slide]:
                    found[slide].append(place)
    return found


def write() -> None:
    """Print the list."""
    for slide, where in places().items():
        print(f"{slide:>4}  {LECTURE[slide]:<52}  {'; '.join(where) or '–'}")
