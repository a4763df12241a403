"""The same rounds in pfl-research's simulation, one process: its backend draws the cohort, copies the model's state,
runs its own SGD over the module's loss, accumulates differences and steps a central optimiser."""
import time

import torch
from pfl.aggregate.simulate import SimulatedBackend
from pfl.algorithm.base import NNAlgorithmParams
from pfl.algorithm.federated_averaging import FederatedAveraging
from pfl.callback.base import TrainingProcessCallback
from pfl.data.dataset import Dataset
from pfl.data.federated_dataset import FederatedDataset
from pfl.data.sampling import get_user_sampler
from pfl.hyperparam import NNTrainHyperParams
from pfl.metrics import Metrics
from pfl.model.pytorch import PyTorchModel

from client import BATCH, SGD
from models import CLIENTS, MODELS, client_data


class Clock(TrainingProcessCallback):
    """The time at every round's end."""

    def __init__(self):
        self.times = [time.perf_counter()]

    def after_central_iteration(self, aggregate_metrics, model, *, central_iteration):
        self.times.append(time.perf_counter())
        return False, Metrics()


def rounds(kind, count, threads):
    """Seconds of each of so many rounds of 40 clients, and the context that they end with."""
    module = MODELS[kind]()
    data = [client_data(client) for client in range(CLIENTS)]
    users = FederatedDataset(lambda user: Dataset(raw_data=list(data[user]), user_id=str(user)),
                             get_user_sampler("minimize_reuse", list(range(CLIENTS))))
    model = PyTorchModel(module, lambda parameters, lr: torch.optim.SGD(parameters, **{**SGD, "lr": lr}),
                         torch.optim.SGD([module.context], lr=1.0))
    clock = Clock()
    FederatedAveraging().run(
        NNAlgorithmParams(central_num_iterations=count, evaluation_frequency=count, train_cohort_size=CLIENTS,
                          val_cohort_size=0),
        SimulatedBackend(training_data=users, val_data=users), model,
        NNTrainHyperParams(local_num_epochs=1, local_learning_rate=SGD["lr"], local_batch_size=BATCH),
        callbacks=[clock], send_metrics_to_platform=False)
    return [after - before for before, after in zip(clock.times, clock.times[1:])], module.context.detach()
