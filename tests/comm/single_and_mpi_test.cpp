// The conformance suite over the backends that need no GPU.
#include "comm/conformance.hpp"
#include "comm/mpi.hpp"
#include "comm/single.hpp"

namespace fedorbit {

INSTANTIATE_TEST_SUITE_P(
    Backends, CommunicatorConformance,
    testing::Values(Backend{"single", [] { return std::make_unique<SingleCommunicator>(); }},
                    Backend{"mpi", [] { return std::make_unique<MpiCommunicator>(); }},
                    // No whole number of values fits a slice, and long messages need thousands of them.
                    Backend{"mpi_in_slices_of_1004_bytes", [] { return std::make_unique<MpiCommunicator>(1004); }}),
    label);

}  // namespace fedorbit
