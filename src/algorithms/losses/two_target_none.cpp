#include "algorithms/losses/transport.hpp"

namespace fedorbit {

TransportPlan two_target_transport(const Tensor& cost, const TransportSettings& settings) {
  return two_target_transport_in_operators(cost, settings);
}

}  // namespace fedorbit
