// How anything that goes wrong is said: one sentence, thrown as an Error.
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace fedorbit {

/// What was wrong, where, and what would be right, as one sentence for the user.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An error that every rank of a collective finds at the same moment, so that one of them can speak for all.
struct SharedError : Error {
  using Error::Error;
};

/// The parts written one after another, as a stream would.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Throws the Error whose sentence is made of the parts.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(text(parts...));
}

/// Throws unless `fine`.
template <class... Parts>
void require(bool fine, const Parts&... parts) {
  if (!fine) fail(parts...);
}

}  // namespace fedorbit
