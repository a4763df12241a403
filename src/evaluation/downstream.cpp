#include "evaluation/downstream.hpp"

#include "core/error.hpp"
#include "evaluation/halves.hpp"
#include "inputs/open_data.hpp"

namespace fedorbit {
namespace {

Labelled labelled(const Dataset& dataset) {
  const auto view = [](const Tensor& column) {
    return std::span(column.const_data_ptr<std::int64_t>(), std::size_t(column.numel()));
  };
  return {view(dataset.labels()), view(dataset.domains()), dataset.classes(),
          std::int64_t(dataset.domain_names().size())};
}

}  // namespace

Downstream::Downstream(const DownstreamOptions& options, at::Device device, int reading_threads,
                       Communicator& communicator)
    : dataset_(open_data(options.path, {}, communicator)),
      data_(labelled(dataset_)),
      halves_(halves_of(data_, options.test_fraction, options.seed)),
      images_(dataset_, {}, device, Keys(0), {reading_threads, 0}) {
  require(data_.classes > 1, "downstream.path = \"", options.path,
          "\": all of its images are of one class, so that nothing can be told apart; take data with labels.");
}

Questions Downstream::questions(std::vector<ClientId> clients) const {
  return {images_,
          data_,
          halves_->train_pool(),
          std::move(clients),
          {{split::downstream, false, halves_->test_pool(), {}, {}, true}}};
}

}  // namespace fedorbit
