// How the images of a data set are divided among clients: what a configuration says of it.
#pragma once
#include <cstdint>
#include <string>

#include "core/options.hpp"

namespace fedorbit {

struct PartitionOptions {
  std::string kind = "even", file, unseen_domains;
  std::int64_t clients = 40, seed = -1;
  double alpha = 0.5;
  std::int64_t classes_per_client = 2;
  std::int64_t samples_per_client = 50;
  std::int64_t min_samples = 1;
  std::int64_t listed = 10000, public_images = 0;
  double test_fraction = 0.2, validation_fraction = 0, unseen_clients = 0;
  void fields(OptionList& v) {
    v("kind", kind,
      "how images are divided: even (sizes alike, classes about alike), stratified (both to within one image), "
      "dirichlet "
      "(each class is spread over clients by shares from a Dirichlet, so that sizes differ too; Yurochkin et al. "
      "2019), "
      "dirichlet_mixtures (each client draws its own mixture of classes, sizes alike; Hsu et al. 2019), pathological "
      "(few classes each, McMahan et al. 2017), quantity (sizes from a Dirichlet), domain (one domain each), sampled "
      "(each client draws its own images, so that clients overlap), file (as partition.file says)",
      {"even", "stratified", "dirichlet", "dirichlet_mixtures", "pathological", "quantity", "domain", "sampled",
       "file"});
    v("file", file, "for file: who owns which image, as the split.csv of a run says it");
    v("clients", clients, "clients", "how many clients there are, unseen ones among them; with file, as that says", 1,
      1e9);
    v("seed", seed, "", "of all draws about who owns what; -1: the experiment's", -1, 9e15);
    v("alpha", alpha, "",
      "concentration for dirichlet, dirichlet_mixtures (a client's mixture is drawn from Dir(alpha p), p the classes' "
      "shares of all images), quantity and sampled: smaller is more skewed",
      1e-4, 1e6);
    v("classes_per_client", classes_per_client, "classes",
      "for pathological; images of a class that no client is given stay unused", 1, 1e6);
    v("samples_per_client", samples_per_client, "images",
      "how often each client draws a training image, for sampled; one drawn twice is owned once", 1, 1e9);
    v("min_samples", min_samples, "images",
      "fewest training images of a client, but for sampled; a draw that gives less is repeated", 1, 1e9);
    v("listed", listed, "clients", "whose images the results file lists, at most: the first ones", 1, 1e9);
    v("test_fraction", test_fraction, "", "share of each class that is held out for testing", 0, 0.9);
    v("validation_fraction", validation_fraction, "", "share of each class that is held out for validation", 0, 0.9);
    v("public_images", public_images, "images",
      "of the training images that the server has for itself, about as many of each class and domain: no client has "
      "them, and they are in no other split",
      0, 1e9);
    v("unseen_clients", unseen_clients, "",
      "how many of the clients, the last ones, never train: a share below 1, or a number", 0, 1e9);
    v("unseen_domains", unseen_domains,
      "domains whose images train nobody, by name or number, several separated by semicolons");
  }
};

}  // namespace fedorbit
