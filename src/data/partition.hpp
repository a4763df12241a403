// Who owns which images: clients as a pure function of (data, options, seed, client).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/client_id.hpp"
#include "core/keys.hpp"
#include "core/options.hpp"
#include "data/dataset.hpp"

namespace fedorbit {

struct PartitionOptions {
  std::string kind = "even";
  std::int64_t clients = 40;
  double alpha = 0.5;
  std::int64_t classes_per_client = 2;
  std::int64_t samples_per_client = 50;
  std::int64_t min_samples = 1;
  std::int64_t listed = 10000;
  double test_fraction = 0.2;
  void fields(OptionList& v) {
    v("kind", kind,
      "how images are divided: even (stratified), dirichlet (class shares, Hsu et al. 2019), pathological (few classes "
      "each, McMahan et al. 2017), quantity (sizes from a Dirichlet), domain (one domain each), sampled (each client "
      "draws its own images, so that clients overlap)",
      {"even", "dirichlet", "pathological", "quantity", "domain", "sampled"});
    v("clients", clients, "clients", "how many clients there are", 1, 1e9);
    v("alpha", alpha, "", "concentration for dirichlet, quantity and sampled: smaller is more skewed", 1e-4, 1e6);
    v("classes_per_client", classes_per_client, "classes",
      "for pathological; images of a class that no client is given stay unused", 1, 1e6);
    v("samples_per_client", samples_per_client, "images",
      "how often each client draws a training image, for sampled; one drawn twice is owned once", 1, 1e9);
    v("min_samples", min_samples, "images",
      "fewest training images of a client, but for sampled; a draw that gives less is repeated", 1, 1e9);
    v("listed", listed, "clients", "whose images the results file lists, at most: the first ones", 1, 1e9);
    v("test_fraction", test_fraction, "", "share of each class that is held out for testing", 0, 0.9);
  }
};

/// The images of one client, as ascending indices into the data set. No image trains one client and tests another.
struct Shard {
  std::vector<std::int64_t> train, test;
};

/// What a partition needs to know of a data set: one entry per image.
struct Labelled {
  std::span<const std::int64_t> labels, domains;
  std::int64_t classes, domain_count;
};

/// A view of the data set, which must outlive it.
Labelled labelled(const Dataset& dataset);

class Partition {
 public:
  virtual ~Partition() = default;
  virtual std::int64_t clients() const = 0;
  virtual Shard shard(ClientId client) const = 0;
  /// No client has more training images; found without asking each.
  virtual std::int64_t most_images() const = 0;
  /// All held-out images, ascending: what the global model is tested on.
  const std::vector<std::int64_t>& test_pool() const { return test_pool_; }
  const std::vector<std::int64_t>& train_pool() const { return train_pool_; }

 protected:
  std::vector<std::int64_t> train_pool_, test_pool_;
};

/// Throws where a client would own nothing, naming it and what would help.
std::unique_ptr<Partition> make_partition(const Labelled& data, const PartitionOptions& options, const Keys& keys);

}  // namespace fedorbit
