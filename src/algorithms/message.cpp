#include "algorithms/message.hpp"

#include "core/error.hpp"
#include "core/fingerprint.hpp"

namespace fedorbit {

Stream Message::stream() const {
  const std::string about = text(name, direction == Direction::upload ? " up " : " down ", round);
  return keys.stream(Purpose::message, fingerprint(about), std::uint64_t(client));
}

std::string Message::description() const {
  const bool up = direction == Direction::upload;
  return text('"', name, '"', up ? " from " : " to ", client == everyone ? "all clients" : text("client ", client),
              " in round ", round);
}

}  // namespace fedorbit
