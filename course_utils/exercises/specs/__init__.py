"""The specs of all tasks, with references and mistakes: all answers are here. A class repository goes without this folder."""

from course_utils.exercises.spec import Task
from course_utils.exercises.specs import autoencoders, cgan, cvae, elbo, gan, pca, probability, vae, vae_gan

MODULES = (probability, pca, autoencoders, elbo, vae, cvae, gan, cgan, vae_gan)
TASKS: dict[str, Task] = {task.name: task for module in MODULES for task in module.TASKS}
