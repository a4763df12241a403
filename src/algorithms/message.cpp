#include "algorithms/message.hpp"

#include "core/error.hpp"
#include "core/fingerprint.hpp"

namespace fedorbit {

Stream Message::stream() const {
  const std::string about = text(name, direction == Direction::upload ? " up " : " down ", round);
  return keys.stream(Purpose::message, fingerprint(about), std::uint64_t(client));
}

}  // namespace fedorbit
