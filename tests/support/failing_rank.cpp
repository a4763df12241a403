// A job in which a rank fails in the way its argument says, for tests/comm/failure_test.sh.
#include <ATen/ops/ones.h>

#include <cstdio>
#include <string>

#include "comm/factory.hpp"
#include "comm/failure.hpp"
#include "core/error.hpp"

int main(int count, char** arguments) {
  const std::string how = count > 1 ? arguments[1] : "";
  try {
    fedorbit::require(how != "early", "a planted failure before the ranks met.");
    const auto comm = fedorbit::make_communicator("auto");
    fedorbit::require(how != "everyone", "a planted failure of everyone.");
    fedorbit::require(how != "root" || !comm->root(), "a planted failure of the root.");
    fedorbit::require(how != "last" || comm->rank() + 1 < comm->size(), "a planted failure of the last.");
    if (how == "torch") at::ones({2}).view({3});
    at::Tensor tensor = at::ones({how == "size" ? comm->rank() + 1 : 1});
    comm->all_reduce(tensor);
    comm->barrier();
    std::printf("rank %d is done\n", comm->rank());
  } catch (const std::exception& cause) {
    return fedorbit::report_and_abort(cause);
  }
}
