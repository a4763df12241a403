"""What encoders are good for elsewhere: a run judges them on another data set, the server's and clients' own, and
`fedorbit evaluate` on what a run has left finds the same; sentences for what cannot be judged."""

import h5py

from federation import FederationTest

RESNET = ("architecture=resnet18", "width=8", "image_size=32")
RUN = ("partition.clients=3", "training.batch_size=8", "training.smallest_batch=2", "training.group_size=0", "training.rounds=3",
       "optimiser.learning_rate=0.02", "evaluation.neighbours=true", "evaluation.shots=1;5", "evaluation.draws=3")
SIMSIAM = ("method.learner=simsiam", "simsiam.projection=16", "simsiam.prediction=8", *(f"simsiam.{o}" for o in RESNET), *RUN)
NETWORK = ("method.learner=network", *(f"network.{o}" for o in RESNET), *RUN)
TASKS = {"probe", "neighbours", "1-shot", "5-shot"}


def rows(file):
    """{(round, scope, split, task, client): (metric, right answers, images)} of all classes together."""
    with h5py.File(file) as results:
        table = {name: column[:] for name, column in results["scores"].items()}
    whole = (table["class"] < 0) & (table["domain"] < 0) & (table["metric"] == b"accuracy")
    return {(int(table["rounds_done"][i]), *(table[name][i].decode() for name in ("scope", "split", "task")),
             int(table["client"][i])): (int(table["correct"][i]), int(table["count"][i])) for i in whole.nonzero()[0]}


class DownstreamTest(FederationTest):
    def setUp(self):
        super().setUp()
        self.other = self.folder / "other.h5"
        code, errors = self.fedorbit("prepare", "-q", "--synthetic", "--classes", "runway,farmland,harbor", "--per-class", "15",
                                     "--size", "40", "-o", self.other)
        self.assertEqual((code, errors), (0, ""))

    def evaluated(self, run, warning=""):
        """{task: (right answers, images)} of the encoder of a run on the other data."""
        output = self.folder / f"{run.name}-evaluated.h5"
        code, errors = self.fedorbit("evaluate", "-q", "--model", run / "model.safetensors", "--data", self.other, "--weights",
                                     self.clip, "-o", output, *self.words("probe.shots=1;5", "probe.draws=3"))
        self.assertEqual(code, 0, errors)
        self.assertRegex(errors, warning)
        return {task: found for (_, scope, split, task, client), found in rows(output).items()
                if (scope, split, client) == ("global", "test", -1)}

    def test_a_run_finds_of_its_encoder_on_other_data_what_evaluate_finds(self):
        for name, options in (("simsiam", SIMSIAM), ("network", NETWORK)):
            with self.subTest(learner=name):
                one, other = (self.federate(f"{name}{ranks}", *options, f"downstream.path={self.other}", ranks=ranks)
                              for ranks in (1, 3))
                self.assert_same(one, other)
                found = {(round, task): share for (round, scope, split, task, client), share in
                         rows(one / "results.h5").items() if (scope, split, client) == ("global", "downstream", -1)}
                self.assertEqual({round for round, _ in found}, {3}, "it was asked before the end")
                warning = "^$" if name == "simsiam" else "it alone has forest, parking lot, river. Its features alone are judged"
                self.assertEqual({task: share for (_, task), share in found.items()}, self.evaluated(one, warning))
                self.assertEqual({task for _, task in found}, TASKS)
                self.assertEqual(found[3, "probe"][1], 9)
                self.assertEqual(found[3, "5-shot"][1], 27)
                with h5py.File(one / "results.h5") as file:
                    table = file["scores"]
                    self.assertEqual(set(table["class"][:][table["split"][:] == b"downstream"]), {-1},
                                     "its classes are not those of the run")

    def test_a_head_for_as_many_classes_of_other_names_labels_nothing(self):
        run = self.federate("three", *NETWORK, "synthetic.classes=runway,farmland,river", f"downstream.path={self.other}")
        found = self.evaluated(run, "it alone has river; these alone have harbor. Its features alone are judged")
        self.assertEqual(set(found), TASKS)
        with h5py.File(self.folder / "three-evaluated.h5") as file:
            self.assertNotIn(b"labelling", file["scores/task"][:])
            self.assertIn(b"its features alone", file["events/message"][0].lower())

    def test_encoders_are_asked_at_every_evaluation_where_that_is_wanted(self):
        run = self.federate("often", *SIMSIAM, f"downstream.path={self.other}", "downstream.when=evaluations")
        asked = [(round, task) for round, _, split, task, _ in rows(run / "results.h5") if split == "downstream"]
        self.assertEqual(set(asked), {(round, task) for round in (0, 2, 3) for task in TASKS})

    def test_clients_encoders_are_judged_as_the_servers_is(self):
        alone = (*SIMSIAM, f"downstream.path={self.other}", "evaluation.personal_encoders=true", "method.personal=*")
        one, other = (self.federate(f"alone{ranks}", *alone, ranks=ranks) for ranks in (1, 2))
        self.assert_same(one, other)
        found = rows(one / "results.h5")
        for split in ("test", "downstream"):
            for task in TASKS:
                mine = {client: share for (round, scope, where, what, client), share in found.items()
                        if (scope, where, what) == ("personal", split, task)}
                self.assertEqual(set(mine), {0, 1, 2})
                self.assertEqual(len({count for _, count in mine.values()}), 1, "each is asked about all images")
                self.assertFalse([key for key in found if key[1] == "global"], "the server has no encoder")

    def test_a_client_that_is_alone_has_the_encoder_of_its_server(self):
        one = (*SIMSIAM, f"downstream.path={self.other}", "partition.clients=1", "training.rounds=1")
        served = rows(self.federate("served", *one) / "results.h5")
        kept = rows(self.federate("kept", *one, "method.personal=*", "evaluation.personal_encoders=true") / "results.h5")
        compared = 0
        for (round, scope, split, task, client), (correct, count) in kept.items():
            if scope != "personal":
                continue
            self.assertEqual(count, served[round, "global", split, task, -1][1])
            self.assertLessEqual(abs(correct - served[round, "global", split, task, -1][0]), 1, "sums are rounded, no more")
            compared += 1
        self.assertEqual(compared, 8)

    def test_refuses_what_cannot_be_judged_before_anything_is_written(self):
        other = f"downstream.path={self.other}"
        for sentence, *options in (
                (r"downstream.path = .* method.learner = \"prompt\" trains none", "method.learner=prompt", other),
                (r"nothing_there.h5", *SIMSIAM, "downstream.path=nothing_there.h5"),
                (r"downstream.seed=2 is about another data set .* but downstream.path names none", *SIMSIAM, "downstream.seed=2"),
                (r"downstream.path = .* is to be judged by nothing", *SIMSIAM, other, "evaluation.linear_probe=false",
                 "evaluation.neighbours=false", "evaluation.shots="),
                (r"with method.personal = \* the server has no whole encoder", *SIMSIAM, other, "method.personal=*"),
                (r"personal_encoders = true: all clients start from what the server has", *SIMSIAM,
                 "evaluation.personal_encoders=true"),
                (r"method.learner = \"prompt\" trains none", "method.learner=prompt", "evaluation.personal_encoders=true"),
                (r"method.learner = \"network\" is judged by its labels; name other data", *NETWORK, "method.personal=conv1*",
                 "evaluation.personal_encoders=true", "evaluation.shots="),
                (r"evaluation.shots = \"1;5\" is about features of encoders that are judged, and none is", *NETWORK),
                (r"evaluation.shots = \"1;11\" asks for 11 labelled images of each class, and class \d has 10", *SIMSIAM,
                 "evaluation.shots=1;11"),
                (r"evaluation.shots = \"13\" asks for 13 labelled images of each class, and class 0 has 12", *NETWORK, other,
                 "evaluation.shots=13")):
            with self.subTest(options=options):
                self.run_refused(sentence, *options, directory=f"refused{len(self.files())}")
