// An owned HDF5 identifier, and the one place where a failing HDF5 call becomes an Error.
#pragma once
#include <hdf5.h>

#include <source_location>
#include <string>
#include <utility>

namespace fedorbit::h5 {

/// Closes an identifier when it goes, with the function that belongs to its kind.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle() = default;
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  hid_t id() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  /// Closes now, and says whether that worked; the destructor then has nothing left to do.
  herr_t close() { return id_ < 0 ? 0 : close_(std::exchange(id_, -1)); }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// Whether this build of the library lets several threads read and write, each in its turn.
bool threads_allowed();

/// What an error speaks about: the file, and the object inside it.
struct Place {
  std::string file, name;
};

/// Throws the Error "file name: HDF5 could not `action`" with HDF5's own innermost cause.
[[noreturn]] void fail_call(const Place& place, const char* action, const std::source_location& where);

/// Passes on what an HDF5 call returned; a negative value is a failure.
template <class Result>
Result check(Result result, const Place& place, const char* action,
             std::source_location where = std::source_location::current()) {
  if (result < 0) fail_call(place, action, where);
  return result;
}

/// A checked identifier, owned.
inline Handle own(hid_t id, Handle::Close close, const Place& place, const char* action,
                  std::source_location where = std::source_location::current()) {
  return {check(id, place, action, where), close};
}

}  // namespace fedorbit::h5
