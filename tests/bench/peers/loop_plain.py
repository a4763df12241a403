"""Federated averaging as a loop over clients: what anybody writes first, and the client code of every loop here."""
import time

import torch

from client import BATCH, SGD
from models import CLIENTS, MODELS, STEPS, client_data


def train(model, v, y):
    """Two steps of SGD on the model's context."""
    optimiser = torch.optim.SGD([model.context], **SGD)
    for step in range(STEPS):
        batch = slice(step * BATCH, (step + 1) * BATCH)
        optimiser.zero_grad()
        model.loss(v[batch], y[batch]).backward()
        optimiser.step()


def rounds(kind, count, threads):
    """Seconds of each of so many rounds of 40 clients, and the context that they end with."""
    model = MODELS[kind]()
    data = [client_data(client) for client in range(CLIENTS)]
    start, seconds = model.context.detach().clone(), []
    for _ in range(count):
        began, total = time.perf_counter(), torch.zeros_like(start)
        for v, y in data:
            model.context.data.copy_(start)
            train(model, v, y)
            total += model.context.data
        start = total / CLIENTS
        seconds.append(time.perf_counter() - began)
    return seconds, start
