"""The same rounds in Flower's simulation on Ray: 40 nodes, one actor of one thread per core; an actor builds the model
once and keeps it, and a client's reply is its context."""
import functools
import time

import torch
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import ServerApp
from flwr.serverapp.strategy import FedAvg
from flwr.simulation import run_simulation

from loop_plain import train
from models import CLIENTS, MODELS, client_data, first_context

client_app = ClientApp()


@functools.cache
def actor_model(kind):
    torch.set_num_threads(1)
    return MODELS[kind]()


@client_app.train()
def train_client(message, context):
    model = actor_model(message.content["config"]["kind"])
    model.context.data.copy_(message.content["arrays"].to_torch_state_dict()["context"])
    v, y = client_data(context.node_config["partition-id"])
    train(model, v, y)
    reply = {"arrays": ArrayRecord({"context": model.context.detach()}),
             "metrics": MetricRecord({"num-examples": len(y)})}
    return Message(content=RecordDict(reply), reply_to=message)


class TimedFedAvg(FedAvg):
    """Federated averaging that notes the time at every round's end."""

    def __init__(self):
        # The number of nodes to ask is counted before they have all registered: it must be given, or round 1 asks fewer.
        super().__init__(fraction_evaluate=0.0, min_train_nodes=CLIENTS, min_available_nodes=CLIENTS)
        self.times = []

    def configure_train(self, *arguments):
        self.times = self.times or [time.perf_counter()]
        return super().configure_train(*arguments)

    def aggregate_train(self, server_round, replies):
        replies = list(replies)
        lost = [reply.error.reason for reply in replies if reply.has_error()]
        if lost or len(replies) < CLIENTS:  # Flower would go on with the others, and the round would look too cheap
            raise RuntimeError(f"round {server_round} got {len(replies) - len(lost)} of {CLIENTS} contexts; {lost[:1]}")
        result = super().aggregate_train(server_round, replies)
        self.times.append(time.perf_counter())
        return result


def rounds(kind, count, threads):
    """Seconds of each of so many rounds of 40 clients by `threads` actors of one thread, and the context they end with."""
    server_app, strategy = ServerApp(), TimedFedAvg()

    @server_app.main()
    def serve(grid, context):
        start = ArrayRecord({"context": first_context()})
        strategy.result = strategy.start(grid, start, num_rounds=count, train_config=ConfigRecord({"kind": kind}))

    run_simulation(server_app, client_app, num_supernodes=CLIENTS,
                   backend_config={"client_resources": {"num_cpus": 1, "num_gpus": 0.0},
                                   "init_args": {"num_cpus": threads, "include_dashboard": False}})
    seconds = [after - before for before, after in zip(strategy.times, strategy.times[1:])]
    return seconds, strategy.result.arrays.to_torch_state_dict()["context"]
